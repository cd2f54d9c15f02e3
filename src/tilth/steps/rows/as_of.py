"""As-of: for each row the time of the other table's row that is nearest to its own, in one direction or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW
from tilth.engine.expressions import alias, and_, case, col, eq, if_else, is_null, le, lit, not_null, sub
from tilth.engine.layers import selected, table
from tilth.engine.operations.times import Micros

MATCH = "\x1fmatch"  # the column with the time of the matching row; null without a match
TIME, THERE, SIDE, KEY = "\x1ftime", "\x1fthere", "\x1fside", "\x1fkey"


@dataclass(frozen=True)
class AsOf:
    """The search for a time. Rows of both tables are brought in one order, and each takes the last time, or the next, of the other's.

    `keys` are pairs of a column of each table that must be equal, `time` and `there` their columns of times. `within` is the largest
    difference in microseconds, 0 for any; `exact`: whether an equal time counts.
    """

    keys: Sequence[tuple[str, str]]
    time: str
    there: str
    direction: Literal["backward", "forward", "nearest"]
    within: int
    exact: bool

    def select(self, names: Sequence[str], other: str) -> exp.Select:
        """The rows of `below`, which has the columns `names`, with the matching time of the table `other`."""
        lined = exp.union(self._here(names), self._there(names, other), distinct=False, copy=False)
        found = selected([exp.Star(), alias(self._match(), MATCH)], lined, "lined")
        return selected([*map(col, names), col(MATCH)], found, "found").where(eq(col(SIDE), lit(self._own)), copy=False)

    @property
    def _own(self) -> int:
        """The sort key of the rows of `below`: after rows of the other table with the same time, unless equal times do not match."""
        return 1 if self.exact else 0

    def _here(self, names: Sequence[str]) -> exp.Select:
        keys = [alias(col(a), f"{KEY}{i}") for i, (a, _) in enumerate(self.keys)]
        more = [alias(col(self.time), TIME), alias(exp.Null(), THERE), alias(lit(self._own), SIDE)]
        return selected([*map(col, names), *keys, *more], table(BELOW))

    def _there(self, names: Sequence[str], other: str) -> exp.Select:
        keys = [alias(col(b), f"{KEY}{i}") for i, (_, b) in enumerate(self.keys)]
        more = [alias(col(self.there), TIME), alias(col(self.there), THERE), alias(lit(1 - self._own), SIDE)]
        given = and_(*(not_null(col(b)) for b in (*(b for _, b in self.keys), self.there)))
        return selected([*(alias(exp.Null(), n) for n in names), *keys, *more], table(other)).where(given, copy=False)

    def _match(self) -> Tree:
        before, after = self._window(exp.LastValue, "PRECEDING"), self._window(exp.FirstValue, "FOLLOWING")
        back, ahead = self._distance(before), self._distance(after)
        nearest = case((is_null(after), before), (is_null(before), after), (le(back, ahead), before), otherwise=after)
        found = {"backward": before, "forward": after, "nearest": nearest}[self.direction]
        known = not_null(col(TIME))
        return if_else(and_(known, le(self._distance(found), lit(self.within))) if self.within else known, found)

    def _distance(self, found: Tree) -> Tree:
        return exp.Abs(this=sub(Micros.of(col(TIME)), Micros.of(found)))

    def _window(self, end: type[exp.Func], side: str) -> Tree:
        """The last time of the other table up to a row, or the first from it on."""
        forward = side == "FOLLOWING"
        order = exp.Order(expressions=[exp.Ordered(this=col(TIME)), exp.Ordered(this=col(SIDE), desc=forward)])
        unbounded, current = {"start": "UNBOUNDED", "start_side": "PRECEDING"}, {"end": "CURRENT ROW"}
        if forward:
            unbounded, current = {"start": "CURRENT ROW"}, {"end": "UNBOUNDED", "end_side": "FOLLOWING"}
        spec = exp.WindowSpec(kind="ROWS", **unbounded, **current)
        partition = [col(f"{KEY}{i}") for i in range(len(self.keys))]
        return exp.Window(this=exp.IgnoreNulls(this=end(this=col(THERE))), partition_by=partition, order=order, spec=spec)
