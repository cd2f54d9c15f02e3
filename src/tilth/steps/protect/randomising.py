"""random, shuffle: a value that says nothing of its row."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind
from tilth.engine.expressions import add, alias, coalesce, col, double, if_else, is_null, lit, mul, not_null, text
from tilth.engine.layers import table
from tilth.engine.operations.hashing import Fields, HashBucket, HashString
from tilth.engine.operations.times import DAY, FromMicros, Micros
from tilth.engine.python_operation import PythonFunction
from tilth.errors import Mistake
from tilth.steps.protect.action import Action, EachText
from tilth.steps.protect.dates import BACK, back

FINE = 2**53  # different numbers between two bounds
PLACE = "\x1fplace "  # prefix of temporary columns with the random order of another column


def row_string(by: Sequence[str], seed: int, column: str) -> Tree:
    """The string that determines the random number of a row."""
    return Fields.of(lit(str(seed)), lit(column), *(text(col(c)) for c in by))


class Random(Action):
    """A value between two bounds, each as likely as another."""

    takes = ("by", "low", "high", "seed")
    needs_id = True

    def mistakes(self) -> Iterator[Mistake]:
        low, high = (_bound(x) for x in (self.step.low, self.step.high))
        if low is None or type(low) is not type(high) or not low < high:  # type: ignore[operator]  # of one type
            message = f"redact: `low` is {self.step.low!r} and `high` {self.step.high!r}"
            yield Mistake(message, accepted="two numbers, or two days such as 2024-01-31, the smaller one first", code="bad-value")

    def change(self, column: Column, **learned: Any) -> Tree:
        low, high = _bound(self.step.low), _bound(self.step.high)
        key = row_string(learned["by"], self.step.seed, column.name)
        return if_else(not_null(col(column.name)), self._between(column, key, low, high))

    def _between(self, column: Column, key: Tree, low: Any, high: Any) -> Tree:
        if column.kind in BACK:
            first, step = Micros.row(low), 1 if column.kind is not Kind.DATE else DAY
            n = (Micros.row(high) - first) // step + 1
            return back(column, FromMicros.of(add(lit(first), mul(HashBucket.of(key, lit(n)), lit(step)))))
        if column.kind is Kind.INTEGER:
            return add(lit(int(low)), HashBucket.of(key, lit(int(high) - int(low) + 1)))
        share = mul(double(HashBucket.of(key, lit(FINE))), lit(1.0 / FINE))
        return add(lit(float(low)), mul(share, lit(float(high) - float(low))))

    def accepts(self, column: Column) -> str:
        if isinstance(_bound(self.step.low), date):
            return "" if column.kind in BACK else "is not of days or times, as `low` and `high` are"
        return "" if column.kind in (Kind.INTEGER, Kind.FLOAT) else "is not an integer or a float, as `low` and `high` are"


def _bound(given: Any) -> float | datetime | None:
    """A bound as a finite number or a date; None if it is neither."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given) if isfinite(given) else None
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError:
        return None
    return found if found.tzinfo is None else None


class Shuffle(Action):
    """The column's own values, each in another row."""

    takes = ("by", "seed", "key", "key_id", "domain")
    purpose = "shuffle"
    needs_id = True
    only_rows = True

    def change(self, column: Column, **learned: Any) -> Tree:
        return col(column.name)  # `moved` changes it: an expression reads its own row only

    def moved(self, data: Dataset, column: str, into: str, learned: Any, changed: Tree | None) -> Dataset:
        """The table with the column shuffled: in a random order, each row gets the value of the next row, and the last row of the first."""
        by, place = learned["by"], PLACE + column
        key = row_string(by, self.step.seed, column)
        order: Tree = HashString.of(key)
        if self.step.key:
            function = EachText(Place(self.key(learned["key_id"])))
            order = PythonFunction(function, (Kind.STRING,), Kind.STRING, f"redact shuffle {column}").of(key)
        ordered = exp.Order(expressions=[exp.Ordered(this=col(c), nulls_first=True) for c in (place, *by)])

        def window(of: Tree) -> Tree:
            return exp.Window(this=of, partition_by=[is_null(col(column))], order=ordered.copy())

        value = coalesce(window(exp.Lead(this=col(column))), window(exp.FirstValue(this=col(column))))
        out = dict.fromkeys((*data.names, into))
        select = exp.Select(expressions=[alias(value, n) if n == into else col(n) for n in out]).from_(table(BELOW))
        return data.change({place: order}).rows(select, out=out)

    def accepts(self, column: Column) -> str:
        return ""


@dataclass(frozen=True)
class Place:
    """The position of a row in the random order, which needs the key."""

    key: bytes = field(repr=False)

    def __call__(self, row: str) -> str:
        return hmac.digest(self.key, row.encode(), "sha256").hex()
