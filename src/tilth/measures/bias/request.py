"""Bias requests: facets, label, prediction, group variable, and the confidence of intervals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tilth.data import Kind, Roles, Schema
from tilth.errors import ColumnError, Mistake, RequestError, did_you_mean, listed
from tilth.measures.bias.axis import Reading, is_interval
from tilth.measures.bias.metrics import BIAS_METRICS, of_stage
from tilth.measures.bias.values import Interval, Value

SEVERAL = " & "  # between the columns, and the values, of an intersection
READINGS = ("categorical", "continuous")
MISSING = ("exclude", "as_category", "clarify")
CANNOT_GROUP = frozenset({Kind.BINARY, Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER})

_LOOKS_LIKE_INTERVAL = re.compile(r"\s*[(\[][^()\[\]]*,[^()\[\]]*[)\]]\s*")

MissingPolicy = Literal["exclude", "as_category", "clarify"]


@dataclass(frozen=True)
class Facet:
    """A column against which bias is measured, and which of its rows are d, the group in question; all others are a.

    `values` are categories, or one number as an exclusive lower bound, or one interval such as `"(20, 40]"`. Without values each
    value of the column is d in turn; `quantiles` then cuts a numeric column of more than a dozen values into so many parts of
    about equal size first. `bands` are such parts that were cut before, in another table: each is d in turn; `order` are the values
    that were found there.

    >>> Facet("age", ("(40, 65]",))
    Facet(column='age', values=('(40, 65]',), quantiles=0, bands=(), order=())
    """

    column: str
    values: tuple[Value, ...] = ()
    quantiles: int = 0
    bands: tuple[Interval, ...] = ()
    order: tuple[Any, ...] = ()


Groups = Mapping[str, tuple[tuple[Interval, ...], tuple[Any, ...]]]
"""Facet → the intervals that it was cut into, or the values that it has."""


@dataclass(frozen=True)
class BiasRequest:
    """What bias to measure, and how.

    `positive` are the favourable values of label and prediction: values, or one number as an exclusive lower bound. `prediction` is a
    column of predicted labels, or with `threshold` of scores: those above it are favourable. `group` forms the strata of CDDL.
    `metrics` are names of `BIAS_METRICS`; by default all that the columns permit. `types` state how a column is read, against the rule
    of `axis.reading`. `missing` says what happens to rows that lack a value that a metric needs: they are excluded; or a missing facet
    or group is a category of its own; or as Clarify counts them. `bootstrap` is the number of draws behind each interval; 0 gives
    closed forms where there are any. `confidence` is a share. Groups smaller than `min_group_size` are measured, but get no verdict.
    `bands` replace the acceptable range of a metric. `weight` is a column: counts become sums of it. `intersections` are combinations of
    columns, each measured as one facet. Values of private columns are masked without `show_private`.
    With `positive_must_occur` a favourable value that no row has is an error, else a warning.

    Errors: `RequestError` with every mistake at once.

    >>> BiasRequest((Facet("sex"),), label="income", positive=(">50K",), prediction="predicted").metrics[-3:]
    ('DPPL', 'DI', 'AD')
    """

    facets: tuple[Facet, ...]
    label: str | None = None
    positive: tuple[Value, ...] = ()
    group: str | None = None
    metrics: tuple[str, ...] = ()
    types: Mapping[str, Reading] = field(default_factory=dict, hash=False)
    missing: MissingPolicy = "exclude"
    confidence: float = 0.95
    bootstrap: int = 1000
    seed: int = 0
    min_group_size: int = 30
    verdicts: bool = False
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    intersections: tuple[tuple[str, ...], ...] = ()
    max_combinations: int = 200
    weight: str | None = None
    force_group: bool = False
    prediction: str | None = None
    threshold: float | None = None
    show_private: bool = False
    positive_must_occur: bool = False

    def __post_init__(self) -> None:
        if not self.metrics:
            post = of_stage("post_training") if self.prediction is not None else ()
            known = [m for m in post if self.label is not None or "label" not in BIAS_METRICS[m].axes]
            object.__setattr__(self, "metrics", (*of_stage("pre_training"), *known))
        mistakes = [*self._facets_wrong(), *self._label_wrong(), *self._numbers_wrong()]
        if mistakes:
            raise RequestError(*mistakes)

    @classmethod
    def of_roles(cls, roles: Roles, schema: Schema | None = None, **given: Any) -> BiasRequest:
        """The request that roles make: every facet, label, prediction and favourable value, the first group; numbers in quarters.

        Without label and prediction only class imbalance is measured; of a boolean label true is favourable. Errors: `RequestError`
        where no column is a facet, or no favourable value is given.
        """
        if not roles.facet:
            raise RequestError(
                "bias is measured against facets, and no column has that role", hint="add roles: {facet: [sex, age]}", code="no-facet"
            )
        outcome = roles.label or roles.prediction
        boolean = outcome is not None and schema is not None and outcome in schema and schema[outcome].kind is Kind.BOOLEAN
        positive = roles.positive or ((True,) if boolean else ())
        if outcome is not None and not positive:
            hint = "add roles: {positive: VALUE}, or several values, or a number above which the outcome is favourable"
            raise RequestError(_no_positive(outcome, hint))
        there = {"label": roles.label, "prediction": roles.prediction, "stratum": roles.group}
        known = tuple(name for name, m in BIAS_METRICS.items() if all(there[axis] for axis in m.axes))
        defaults: dict[str, Any] = {"label": roles.label, "prediction": roles.prediction, "positive": positive, "weight": roles.weight}
        defaults |= {"group": roles.group[0] if roles.group else None, "metrics": known, "positive_must_occur": True}
        return cls(tuple(Facet(c, quantiles=4) for c in roles.facet), **{**defaults, **given})

    def cut_as(self, groups: Groups) -> BiasRequest:
        """The same request for a part of a table that has been measured: facets without values have the groups of that table."""

        def cut(f: Facet) -> Facet:
            bands, order = groups.get(f.column, ((), ()))
            return f if f.values else replace(f, bands=bands, order=order)

        return replace(self, facets=tuple(map(cut, self.facets)), positive_must_occur=self.positive_must_occur and not groups)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        crossed = (c for columns in self.intersections for c in columns)
        asked = (*(f.column for f in self.facets), *crossed, self.label, self.prediction, self.group, self.weight)
        return tuple(dict.fromkeys(c for c in asked if c is not None))

    def check(self, schema: Schema) -> None:
        """Reject columns that are missing or cannot be grouped by, all at once."""
        wrong = [_unknown(name, schema) for name in self.columns if name not in schema]
        there = [schema[name] for name in self.columns if name in schema]
        wrong += [
            Mistake(f"bias: the weight {c.name!r} is {c.kind}", accepted="a numeric column", code="wrong-kind")
            for c in there
            if c.name == self.weight and not c.kind.numeric
        ]
        wrong += [
            Mistake(f"bias: column {c.name!r} is {c.kind}", accepted="strings, numbers, booleans, dates and times", code="wrong-kind")
            for c in there
            if c.kind in CANNOT_GROUP
        ]
        asked = [(f.column, f.values) for f in self.facets] + [(self.label, self.positive)]
        wrong += [
            Mistake(f"bias: column {c!r} is {schema[c].kind}, and {v[0]!r} is an interval of numbers", code="wrong-kind")
            for c, v in asked
            if c is not None and c in schema and is_interval(v) and not schema[c].kind.numeric and schema[c].kind is not Kind.STRING
        ]
        if wrong:
            raise ColumnError(*wrong)

    # ── what is wrong with it ──

    def _facets_wrong(self) -> list[Mistake]:
        wrong = []
        if not self.facets and not self.intersections:
            wrong.append(Mistake("bias is measured against facets, and none is given", code="no-facet"))
        outcomes = {"label": self.label, "prediction": self.prediction}
        for n, f in enumerate(self.facets):
            if f in self.facets[:n]:
                wrong.append(Mistake(f"facet {f.column!r} is given twice with the same values", code="same-facet"))
            same = [what for what, c in outcomes.items() if c == f.column]
            wrong += [Mistake(f"the {what} {f.column!r} cannot be a facet", code=f"{what}-is-facet") for what in same]
            if f.column == self.group:
                hint = "within a stratum there would be one group"
                wrong.append(Mistake(f"facet {f.column!r} is the group variable", hint=hint, code="facet-is-group"))
            wrong += [Mistake(f"facet {f.column!r}: {m}", code="bad-interval") for m in _bad_intervals(f.values)]
        for what, column in outcomes.items():
            if column is not None and column == self.group:
                wrong.append(Mistake(f"the {what} {column!r} is the group variable", code=f"{what}-is-group"))
        if self.label is not None and self.label == self.prediction:
            wrong.append(Mistake(f"the label {self.label!r} is the prediction", code="label-is-prediction"))
        short = [SEVERAL.join(c) for c in self.intersections if len(set(c)) < 2]
        return wrong + [Mistake(f"intersection {s!r}: two columns or more are needed", code="bad-intersection") for s in short]

    def _label_wrong(self) -> list[Mistake]:
        wrong = [
            _unknown_word(f"there is no bias metric {m!r}", m, tuple(BIAS_METRICS), "unknown-metric")
            for m in (*self.metrics, *self.bands)
            if m not in BIAS_METRICS
        ]
        for axis, column, hint in (
            ("label", self.label, "CI needs none"),
            ("prediction", self.prediction, "give the column that holds predicted labels"),
        ):
            needing = [m for m in self.metrics if m in BIAS_METRICS and axis in BIAS_METRICS[m].axes]
            if needing and column is None:
                wrong.append(Mistake(f"{listed(needing)} need a {axis}", hint=hint, code=f"no-{axis}"))
            elif needing and column is not None and not self.positive:
                wrong.append(_no_positive(column))
        return wrong + [Mistake(f"label {self.label!r}: {m}", code="bad-interval") for m in _bad_intervals(self.positive)]

    def _numbers_wrong(self) -> list[Mistake]:
        wrong = []
        if not 0 < self.confidence < 1:
            wrong.append(Mistake(f"confidence is {self.confidence}", accepted="a share between 0 and 1", code="bad-value"))
        if self.missing not in MISSING:
            wrong.append(_unknown_word(f"missing values: {self.missing!r} is not known", self.missing, MISSING, "unknown-value"))
        wrong += [
            Mistake(f"{what} is {getattr(self, what)}", accepted="0 or more", code="bad-value")
            for what in ("bootstrap", "min_group_size", "max_combinations")
            if getattr(self, what) < 0
        ]
        return wrong + [
            _unknown_word(f"the type of {column!r} is {kind!r}", kind, READINGS, "unknown-value")
            for column, kind in self.types.items()
            if kind not in READINGS
        ]


def _no_positive(column: str, hint: str = "") -> Mistake:
    return Mistake(f"no favourable value is given for {column!r}", hint=hint, code="no-positive")


def _unknown(name: str, schema: Schema) -> Mistake:
    return _unknown_word(f"bias: there is no column {name!r}", name, schema.names, "unknown-column")


def _unknown_word(message: str, word: object, known: Sequence[str], code: str) -> Mistake:
    return Mistake(message, accepted=listed(known), hint=did_you_mean(str(word), known), code=code)


def _bad_intervals(values: Sequence[Value]) -> list[str]:
    """The mistakes in a value that looks like an interval."""
    if len(values) != 1 or not isinstance(values[0], str) or not _LOOKS_LIKE_INTERVAL.fullmatch(values[0]):
        return []
    found = Interval.parsed(values[0])
    return [] if found and found.low < found.high else [f"{values[0]!r} is not an interval: two numbers are needed, the smaller one first"]
