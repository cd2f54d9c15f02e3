"""Findings, and the payload that each kind adds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from tilth.display import Displayed, Grid, brief
from tilth.errors import Place

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import TypeVar as TypeVarWithDefault

    P = TypeVarWithDefault("P", bound="Payload", default=Any)
    """The payload of a finding; `Finding` without a parameter is one of any kind."""
else:
    P = TypeVar("P")


class Outcome(StrEnum):
    """A verdict. Error means that the rule could not be evaluated, which is not the same as failed."""

    PASSED = "Passed"
    FAILED = "Failed"
    ERROR = "Error"


@dataclass(frozen=True)
class Payload:
    """What findings of one kind have in addition to the common fields. The base class is for plain numbers, kind `metric`.

    Each producer of findings has a small frozen subclass; `jsonable` converts its fields to JSON types. `KIND` is its name in JSON, and the
    name of its entry on the shelf `tilth.report.sections.SECTIONS`; `JUDGES`: whether such a finding is a verdict, which counts for
    `Report.passed`.
    """

    KIND: ClassVar[str] = "metric"
    JUDGES: ClassVar[bool] = False
    NOUN: ClassVar[str] = "rule"  # what is judged, for kinds with verdicts
    VALUE: ClassVar[str] = ""  # the meaning of the value, if the name of the finding does not say it

    @property
    def compared(self) -> Mapping[str, float | None]:
        """The numbers, in addition to the value, to compare with an earlier finding."""
        return {}

    @property
    def finding_kind(self) -> str:
        """The kind of the finding."""
        return self.KIND

    @property
    def drafted(self) -> bool:
        """Whether it judges by a rule that was drafted from data."""
        return False

    @property
    def row_count(self) -> int | None:
        """The number of rows of the finding's table, if known."""
        return None

    @property
    def example_counts(self) -> tuple[int, ...]:
        """How many rows each of the finding's examples represents, if they are not single rows."""
        return ()

    @property
    def rule_place(self) -> Place | None:
        """The place of the rule in a file, if there is one."""
        return None

    def has_label(self, key: str, value: str) -> bool:
        """Whether the rule has this label."""
        return False

    def to_json(self) -> dict[str, Any]:
        """The fields that have a value."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in held.items() if value is not None and value != "" and value != () and value != {}}

    @classmethod
    def from_json(cls, details: Mapping[str, Any]) -> Self:
        """The payload that `to_json` wrote. Unknown keys are ignored.

        Errors: pydantic's `ValidationError` for values of another type.
        """
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python({f.name: details[f.name] for f in fields(cls) if f.name in details})

    def reasons(self, message: str) -> list[str]:
        """The reasons of a verdict, a line each; `message` is the finding's."""
        return [line.strip() for line in message.splitlines() if line.strip()]


@dataclass(frozen=True)
class Other(Payload):
    """The payload of a kind that is not on the shelf, for example because its package is not installed."""

    name: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def finding_kind(self) -> str:
        """The kind as it was read."""
        return self.name

    def to_json(self) -> dict[str, Any]:
        """The details as they were read."""
        return dict(self.details)


@dataclass(frozen=True)
class Warned(Payload):
    """A warning for the reader of the report. `measure` is its source; `details` are its numbers."""

    KIND: ClassVar[str] = "warning"
    measure: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The measure and the details side by side."""
        return {**({"measure": self.measure} if self.measure else {}), **self.details}

    @classmethod
    def from_json(cls, details: Mapping[str, Any]) -> Self:
        """The warning from its measure and details."""
        return cls(str(details.get("measure", "")), {k: v for k, v in details.items() if k != "measure"})


NUMBER = Payload()


@dataclass(frozen=True, repr=False)
class Finding(Displayed, Generic[P]):
    """A result: a rule's verdict, a metric's value, what a step changed.

    `subject` has the columns. `part` names the table (`raw`, `train` …), `where` and `group` its rows; `low` and `high` are the interval of
    the value with `confidence` (0–1). `payload` has the fields of the kind; `examples` are rows, with private values masked.

    >>> Finding("Mean", ("age",), 40.0).kind
    'metric'
    """

    name: str
    subject: tuple[str, ...] = ()
    value: Any = None
    outcome: Outcome | None = None
    message: str = ""
    part: str = ""
    where: str = ""
    group: str = ""
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    payload: P = field(default=NUMBER, hash=False)  # type: ignore[assignment]  # the default payload
    examples: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    @property
    def kind(self) -> str:
        """The kind of the payload."""
        return self.payload.finding_kind

    @property
    def columns(self) -> str:
        """The columns in one string; the name if there are none."""
        return ", ".join(self.subject) or self.name

    @property
    def named(self) -> bool:
        """Whether the name says what the value is: it is not just the name of a column or of the kind."""
        return self.name not in (*self.subject, self.kind)

    @property
    def number(self) -> float | None:
        """The value if it is a number other than NaN, otherwise None."""
        return self.value if isinstance(self.value, int | float) and not isinstance(self.value, bool) and self.value == self.value else None

    def _grid(self) -> Grid:
        held = {"columns": ", ".join(self.subject), "value": self.value, "low": self.low, "high": self.high, "verdict": self.outcome}
        held |= {"part": self.part, "where": self.where, "group": self.group, "message": self.message}
        said = [(name, text) for name, value in held.items() if (text := brief(value))]
        return Grid(f"{self.kind}: {self.name}", ("", ""), said, widest=1_000)

    def to_json(self) -> dict[str, Any]:
        """The finding in JSON's own types: the kind, every field, and the payload under `details`."""
        held = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "payload"}
        made: dict[str, Any] = jsonable({"kind": self.kind, **held, "details": self.payload.to_json()})
        made["examples"] = made.pop("examples")
        return made


def warning(code: str, message: str, subject: tuple[str, ...] = (), measure: str = "", **details: Any) -> Finding[Warned]:
    """A warning as a finding.

    >>> warning("NO_VALUES", "no row has a value", ("sex",), "bias").kind
    'warning'
    """
    return Finding(code, subject, message=message, payload=Warned(measure, details))


def jsonable(value: Any) -> Any:
    """A value in JSON types: infinities become `"Infinity"` and `"-Infinity"`, other types strings."""
    match value:
        case None | bool() | int() | str():
            return str(value) if isinstance(value, StrEnum) else value
        case float():
            return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case Mapping():
            return {str(k): jsonable(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [jsonable(v) for v in value]
    if is_dataclass(value):
        return {f.name: jsonable(getattr(value, f.name)) for f in fields(value)}
    return str(value)
