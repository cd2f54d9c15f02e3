"""The value of a series at a point in time: from the value before it, after it, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import add, col, double, eq, if_else, is_null, le, lit, mul, not_null, or_, sub
from tilth.engine.operations.numbers import Divide, NanToNull
from tilth.steps.rows.aggregations import Asked

BIN, COPY = "\x1fbin", "\x1fcopy"  # the interval of a row, and how many intervals after it this one is
AT, FIRST, LAST, FIRST_AT, LAST_AT = (f"\x1f{words} " for words in ("at", "first", "last", "first at", "last at"))
ENDS = {"before": LAST, "before at": LAST_AT, "after": FIRST, "after at": FIRST_AT}


@dataclass(frozen=True)
class Series:
    """Windows over the intervals of a series that have rows, in their order."""

    by: Sequence[str]

    def next_bin(self) -> Tree:
        """The next interval."""
        return self._window(exp.Lead(this=col(BIN)))

    def last(self, x: Tree, own: bool = True) -> Tree:
        """The last value up to an interval, its own included or not."""
        ends = {"end": "CURRENT ROW"} if own else {"end": "1", "end_side": "PRECEDING"}
        return self._window(exp.IgnoreNulls(this=exp.LastValue(this=x.copy())), {"start": "UNBOUNDED", "start_side": "PRECEDING", **ends})

    def following(self, x: Tree, own: bool = False) -> Tree:
        """The first value after an interval, its own included or not."""
        ends = {"start": "CURRENT ROW"} if own else {"start": "1", "start_side": "FOLLOWING"}
        return self._window(exp.IgnoreNulls(this=exp.FirstValue(this=x.copy())), {**ends, "end": "UNBOUNDED", "end_side": "FOLLOWING"})

    def _window(self, this: Tree, ends: Mapping[str, str] | None = None) -> Tree:
        order = exp.Order(expressions=[exp.Ordered(this=col(BIN))])
        spec = exp.WindowSpec(kind="ROWS", **ends) if ends else None
        return exp.Window(this=this, partition_by=[col(c) for c in self.by], order=order, spec=spec)


def between(method: str, values: tuple[Tree, Tree], times: tuple[Tree, Tree], here: Tree) -> Tree:
    """The estimate at a time from the values before and after it and their times, by a method of filling."""
    before, after = values
    gone, left = sub(here, times[0]), sub(times[1], here)
    match method:
        case "forward":
            return before
        case "backward":
            return after
        case "nearest":
            return if_else(or_(is_null(after), le(gone, left)), before, after)
    rise = mul(sub(double(after), double(before)), double(gone))
    return NanToNull.of(add(double(before), Divide.of(rise, double(sub(times[1], times[0])))))


@dataclass(frozen=True)
class Point:
    """A column at the times at which intervals begin. A gap of more than `longest` microseconds stays null, if that is not 0."""

    column: Column
    method: str
    longest: int

    @property
    def name(self) -> str:
        """The name of the column."""
        return self.column.name

    def observed(self, when: Tree) -> Mapping[str, Tree]:
        """The column of times at which it has a value."""
        return {AT + self.name: if_else(not_null(col(self.name)), when)}

    def asked(self) -> list[Asked]:
        """The aggregates of the rows in an interval."""
        at = Column(AT + self.name, Kind.INTEGER)
        of_values = [Asked(self.column, "first", FIRST + self.name), Asked(self.column, "last", LAST + self.name)]
        return [*of_values, Asked(at, "min", FIRST_AT + self.name), Asked(at, "max", LAST_AT + self.name)]

    def around(self, series: Series) -> Mapping[str, Tree]:
        """The values around the start of an interval with rows, and around the starts of the empty intervals after it."""
        found = {}
        for own in (True, False):
            for what, end in ENDS.items():
                x = col(end + self.name)
                found[self._around(what, own)] = series.following(x, own) if what.startswith("after") else series.last(x, not own)
        return found

    def _around(self, what: str, own: bool) -> str:
        return f"\x1f{what}{' own' if own else ''} {self.name}"

    def at(self, here: Tree, constant: Tree) -> Tree:
        """The value at a time in microseconds: of a row at exactly this time, else an estimate, or the constant of the method `value`."""
        own = eq(col(COPY), lit(0))
        ends = (if_else(own, col(self._around(what, True)), col(self._around(what, False))) for what in ENDS)
        before, before_at, after, after_at = ends
        if self.method == "value":
            estimate = constant
        elif self.method == "null":
            estimate = exp.Null()
        else:
            estimate = between(self.method, (before, after), (before_at, after_at), here)
            if self.longest:
                estimate = if_else(le(sub(after_at, before_at), lit(self.longest)), estimate)
        return if_else(eq(after_at, here), double(after) if self.method == "linear" else after, estimate)
