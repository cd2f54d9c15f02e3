"""The payload of a bias metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tilth.report.finding import Payload

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True)
class BiasNumber(Payload):
    """A bias metric of one group; the finding's value is the metric, its `low` and `high` the interval.

    `facet` is the column, `facet_value` its value, `other` the other value if there are two; `label` and `prediction` are columns,
    `label_value` is the favourable outcome; `facet_read` and `label_read` say whether a single configured number was read as a `value` or
    as a `threshold`; `counts` has the rows by side and outcome (`n_a`, `n_d`, `n_d_positive` …); `rates` has the compared rates of a and d;
    `status` is ok, degenerate (a value by convention only) or error; `band` is the accepted range, `verdict` whether the interval is
    within; `block` is set for metrics over all values of the label or of a continuous label, and for other orders of generalized entropy;
    `more` has details of the metric, such as its strata.
    """

    KIND: ClassVar[str] = "bias"
    facet: str = ""
    facet_value: str = ""
    other: str | None = None
    label: str | None = None
    label_value: str | None = None
    facet_read: str = ""
    label_read: str = ""
    prediction: str | None = None
    group_variable: str | None = None
    description: str = ""
    status: Literal["ok", "degenerate", "error", ""] = ""
    error: str | None = None
    notes: tuple[str, ...] = ()
    n_used: int | None = None
    n_excluded: int | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    rates: tuple[float, float] | None = None
    method: str | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    verdict: str | None = None
    band: tuple[float, float] | None = None
    block: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def row_count(self) -> int | None:
        """The number of used and excluded rows."""
        return None if self.n_used is None or self.n_excluded is None else self.n_used + self.n_excluded

    @property
    def share(self) -> float | None:
        """The group's share of the rows."""
        others, own = self.counts.get("n_a"), self.counts.get("n_d")
        return own / (others + own) if others is not None and own is not None and others + own else None

    def to_json(self) -> dict[str, Any]:
        """The fields with values, merged with those of `more`."""
        made = super().to_json()
        return {**made, **made.pop("more", {})}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """The payload that `to_json` wrote."""
        own = {f.name for f in fields(cls)}
        return super().from_json({**found, "more": {k: v for k, v in found.items() if k not in own}})
