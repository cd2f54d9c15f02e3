"""impute: missing values become a value learned in training, or a constant."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind, Roles, Schema
from tilth.engine.expressions import coalesce, if_else, lit, not_null, number
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.numbers import Finite
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import Mean, Percentile, Sum
from tilth.metrics.keys import MostFrequent
from tilth.metrics.metric import Grouped, Metric, Where
from tilth.steps.missing import is_missing, present, value_of
from tilth.steps.step import ColumnStep, Learned, Learning
from tilth.steps.time.bins import UTC as UTC_ZONE
from tilth.steps.time.phases import mistaken, phase, phased_by


@dataclass(frozen=True)
class Impute(ColumnStep):
    """Fills missing values with the mean, the median, the sum, the most frequent value, or a constant.

    x' = x if x is present, else the fill. A missing value is null, or for strings also blank. Mean, median and sum use the finite training
    values, and turn an integer column into floats. Of equally frequent values, the mode is the smallest.

    With `phase`, the fill is learned for each phase of the `time`, such as the same hour of the same weekday. It is learned on the training
    part, so it does not use later rows. A phase without a value in training, and a row without a time, get the fill of all rows.

    Errors: a column without any value in training, unless `with` is `constant`; a constant that is not of the column's kind; with `phase`,
    no time column, a time column without these parts, or a column of dates, times or decimals to fill.

    >>> print(Impute("age", with_="mean", indicator=True))
    impute(columns='age', with='mean', indicator=True)
    """

    name = "impute"
    parts = frozenset({"features"})

    with_: Literal["mean", "median", "sum", "mode", "constant"] = "median"
    """What to fill with; `mode` is the most frequent value."""
    value: bool | int | float | str | None = None
    """The constant. Write dates and times in ISO 8601."""
    indicator: bool = False
    """Whether to add a column `{column}_missing`, 1 where the value was missing and 0 elsewhere."""

    phase: str | tuple[str, ...] = ()
    """`mean`, `median`, `mode`: the parts of the time that the fill depends on, such as `[weekday, hour]` or `month`. Default: none."""
    time: str = ""
    """`phase`: the column of times. Default: the role time."""
    zone: str = UTC_ZONE
    """`phase`: the time zone in which a timestamp with time zone is read, such as `Europe/Berlin`."""

    def mistakes(self) -> Iterator[Mistake]:
        if self.phase and self.with_ in ("sum", "constant"):
            yield Mistake(f"impute: `phase` is not for `with: {self.with_}`", accepted="mean, median or mode", code="bad-value")
        if not self.phase and (self.time or self.zone != UTC_ZONE):
            yield Mistake("impute: `time` and `zone` are for `phase`", hint="such as `phase: [weekday, hour]`", code="bad-value")
        yield from mistaken(self.name, self._phase, self.zone)
        if self.value is not None and self.with_ != "constant":
            yield Mistake(f"impute: `value` is for `with: constant`, not for `{self.with_}`", code="bad-value")

    def needs(self, column: Column) -> dict[str, Metric]:
        match self.with_:
            case "mean":
                return {"fill": Mean(column.name, finite=True)}
            case "sum":
                return {"fill": Where(Sum(column.name), not_null(Finite.of(number(column))))}
            case "median":
                return {"fill": Percentile(column.name, 0.5)}
            case "mode":
                found = MostFrequent(column.name)
                return {"fill": Where(found, present(column)) if column.kind is Kind.STRING else found}
        return {}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        fill = measured["fill"] if measured else constant(self.value, column.kind)
        if fill is None:
            raise RequestError(
                f"impute: column {column.name!r} has no value in the training part, so there is no {self.with_} to learn",
                hint="drop the column, or fill it with a constant",
                code="all-null",
            )
        if self.with_ in ("mean", "sum") and not math.isfinite(fill):
            message = f"impute: the {self.with_} of column {column.name!r} is too large for a double"
            raise RequestError(message, hint="use the median", code="overflow")
        return {"fill": fill}

    @property
    def _phase(self) -> tuple[str, ...]:
        return (self.phase,) if isinstance(self.phase, str) else self.phase

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        learned = yield from super().learning(schema, roles)
        if not self.phase:
            return learned
        time = phased_by(self.name, self._phase, self.time or roles.time, schema)
        zone = self.zone if time.kind is Kind.TIMESTAMP_TZ and self.zone != UTC_ZONE else ""
        asked = {c: Grouped(self.needs(schema[c])["fill"], (phase(time.name, self._phase, zone),)) for c in learned}
        found = yield list(asked.values())
        return {c: {**state, "time": time.name, "zone": zone, **_profile(found[asked[c]])} for c, state in learned.items()}

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        time = self.time or roles.time
        return (super().touches(schema, roles) or frozenset()) | ({time} if self.phase and time else set())

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        if column is None:
            return None
        fills = list.__class_getitem__(column.kind.python)
        return {"fill": column.kind.python, "time": str | None, "zone": str | None, "phases": list[int] | None, "fills": fills | None}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        fill = learned["fill"]
        x = number(column) if column.kind.numeric and isinstance(fill, float) else value_of(column)
        missing = lit(fill)
        if learned.get("phases"):
            missing = coalesce(lookup(phase(learned["time"], self._phase, learned["zone"]), learned["phases"], learned["fills"]), missing)
        filled = {column.name: coalesce(x, missing)}
        return filled | ({f"{column.name}_missing": if_else(is_missing(column), lit(1), lit(0))} if self.indicator else {})

    @property
    def adds_columns(self) -> bool:
        return super().adds_columns or self.indicator

    def fills(self, learned: Learned) -> Mapping[str, Any]:
        return {} if self.into or self.phase else {column: state["fill"] for column, state in learned.items()}

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {"missing value filled": is_missing(column)}

    def accepts(self, column: Column) -> str:
        if self.with_ in ("mean", "median", "sum") and not column.kind.numeric:
            return f"has no {self.with_}: it is not numeric (use `with: mode` or `with: constant`)"
        if column.kind not in FILLED:
            return f"cannot be filled: there are no values of kind {column.kind} to be learned or written"
        if self.phase and (column.kind.temporal or column.kind is Kind.DECIMAL):
            return f"cannot be filled by phase: values of kind {column.kind} cannot be looked up"
        if self.with_ == "constant" and self.value is None:
            return "cannot be filled: `value` is missing"
        if self.with_ == "constant" and constant(self.value, column.kind) is None:
            return f"cannot be filled with {self.value!r}: that is not a value of kind {column.kind}"
        return ""


def _profile(found: Mapping[int | None, Any]) -> dict[str, list[Any]]:
    """The phases that have a fill, and their fills."""
    known = {key: fill for key, fill in found.items() if key is not None and fill is not None}
    known = {key: fill for key, fill in sorted(known.items()) if not isinstance(fill, float) or math.isfinite(fill)}
    return {"phases": list(known), "fills": list(known.values())}


FILLED = frozenset(k for k in Kind if k.numeric or k.temporal or k.categorical)


def constant(value: bool | int | float | str | None, kind: Kind) -> Any:
    """A value from a flow file as a value of a kind of column; None if it is none.

    >>> constant("2024-02-29", Kind.DATE), constant(1, Kind.FLOAT), constant(1, Kind.STRING)
    (datetime.date(2024, 2, 29), 1.0, None)
    """
    match kind, value:
        case (Kind.STRING, str()) | (Kind.BOOLEAN, bool()):
            return value
        case _, bool():
            return None
        case Kind.DECIMAL, int():
            return Decimal(value)
        case (Kind.INTEGER, int()) | (Kind.INTEGER | Kind.FLOAT | Kind.DECIMAL, float()):
            return value
        case Kind.FLOAT, int():
            return float(value)
        case Kind.DATE | Kind.TIMESTAMP | Kind.TIMESTAMP_TZ, str():
            return _time(value, kind)
    return None


def _time(written: str, kind: Kind) -> date | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    if kind is Kind.TIMESTAMP_TZ:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return None if found.tzinfo is not None else found.date() if kind is Kind.DATE else found
