"""The kinds of values in SQL that users write, and the conversions that give a value one meaning on every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations.casts import DIGITS as MOST_DIGITS
from tilth.engine.operations.casts import FROM_STRING
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.user_sql.nodes import OF_DECIMAL, OWN, ZONED, article, digits, is_narrow, is_string, is_written, kind, short, typed
from tilth.engine.user_sql.spark_times import PRESENT, point_written
from tilth.errors import ExpressionError, Mistake, Place, listed

POINTS = {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ}
ONLY_IN_QUERIES = frozenset(
    {*((of, Kind.BOOLEAN) for of in (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL)), (Kind.DECIMAL, Kind.STRING), (Kind.TIMESTAMP, Kind.STRING)}
)
"""(From, to): casts with the same result on both engines, but not available for a served row."""
CAST_FIRST: Mapping[Kind, str] = {
    Kind.STRING: "cast it to a number first: cast(x as double)",
    **dict.fromkeys((Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), "days_between(a, b) counts the days between two dates"),
}


class Meaning:
    """A text, its rejected parts, and the conversions of its values. In a query more conversions are allowed than in a formula."""

    def __init__(self, text: str, place: Place | None = None, query: bool = False, now: datetime | None = None) -> None:
        self.text, self.place, self.query, self.now = text, place, query, now
        self.mistakes: list[Mistake] = []

    def reject(self, message: str, accepted: str = "", hint: str = "", code: str = "not-admitted") -> Tree:
        """Note a mistake, and return null in place of the rejected node."""
        where = "" if self.query else f", in {short(self.text)!r}"
        self.mistakes.append(Mistake(message + where, self.place, accepted, hint, code))
        return typed(exp.Null(), Kind.NULL)

    def finish(self) -> None:
        """Raise an error if anything was rejected."""
        if self.mistakes:
            raise ExpressionError(*dict.fromkeys(self.mistakes))

    def wider(self, kinds: Iterable[Kind]) -> Kind:
        """The common kind of values: null is ignored, and a float takes precedence over other numbers."""
        found = [k for k in dict.fromkeys(kinds) if k is not Kind.NULL]
        if len(found) < 2 or not all(k.numeric for k in found):
            return found[0] if found else Kind.NULL
        return Kind.DECIMAL if self.query and Kind.FLOAT not in found else Kind.FLOAT

    def one_of(self, made: Tree, values: Sequence[Tree]) -> Tree:
        """Type an expression that takes one of several values: with their common kind, narrow if one is, and enough digits."""
        found = typed(made, self.wider(map(kind, values)), narrow=any(map(is_narrow, values)))
        found.meta[OF_DECIMAL] = tuple(map(max, zip(*map(digits, values), strict=True))) if kind(found) is Kind.DECIMAL else None
        return found

    def of(self, wanted: Callable[[Kind], bool], message: str, x: Tree, hint: str = "") -> Tree:
        """The value, rejected if its kind is not wanted. Null is of every kind."""
        if wanted(kind(x)) or kind(x) is Kind.NULL:
            return x
        return self.reject(
            f"{message}; {x.sql('spark')} is {article(kind(x))}", hint=hint or CAST_FIRST.get(kind(x), ""), code="wrong-kind"
        )

    def condition(self, x: Tree) -> Tree:
        """A condition of IF, WHEN and IS. Spark accepts neither a number nor an untyped null."""
        x = self.of(lambda k: k is Kind.BOOLEAN, "a condition is true or false", x, "compare it with something")
        return e.cast(x, Kind.BOOLEAN) if isinstance(x, exp.Null) else x

    def times(self, name: str, values: list[Tree]) -> list[Tree]:
        """Dates and timestamps. A query may write one as a string; so may a formula in some functions."""
        to = (
            Kind.TIMESTAMP
            if name in ("hour()", "minute()", "second()", "millisecond()", "unix_seconds()", "strftime()", "months_between()", *ZONED)
            else Kind.DATE
        )
        own = name.removesuffix("()") in OWN
        read = [self.cast(x, to) if kind(x) is Kind.STRING and (self.query or (own and is_string(x))) else x for x in values]
        return [self.of(lambda k: k.temporal, f"{name} takes dates and timestamps", x, "cast it first: cast(x as date)") for x in read]

    def numbers(self, name: str, values: list[Tree]) -> list[Tree]:
        """Operands in 64 bits. In a formula: integers, or doubles if one of them is not an integer.

        Engines differ in the width of narrow numbers, decimals and integer literals.
        """
        read = [self.cast(x, Kind.FLOAT) if self.query and kind(x) is Kind.STRING else x for x in values]
        found = [self.of(lambda k: k.numeric, f"{name} takes numbers", x) for x in read]
        inexact = any(kind(x) in (Kind.FLOAT, Kind.DECIMAL) for x in found)
        written = not inexact and all(is_written(x) for x in found)
        return [self._wide(x, inexact and not self.query, written) for x in found]

    def _wide(self, x: Tree, inexact: bool, written: bool) -> Tree:
        of, narrow = kind(x), x.meta.get("narrow")
        if of is Kind.FLOAT or (inexact and (of is Kind.DECIMAL or narrow)):
            return typed(e.double(x), Kind.FLOAT) if of is not Kind.FLOAT or narrow else x
        return typed(e.cast(x, Kind.INTEGER), Kind.INTEGER) if of is Kind.INTEGER and not inexact and (written or narrow) else x

    def as_double(self, x: Tree) -> Tree:
        """A number as a double."""
        if kind(x) is Kind.FLOAT:
            return x
        return typed(e.lit(float(x.this)) if isinstance(x, exp.Literal) else e.double(x), Kind.FLOAT)

    def alike(self, x: Tree, y: Tree) -> tuple[Tree, Tree]:
        """Two comparable values: of one kind, two numbers, or points in time, one of them written as a string."""
        a, b = kind(x), kind(y)
        if {a, b} <= POINTS and a is not b and (PRESENT in x.meta or PRESENT in y.meta):
            x, y = (self.cast(v, Kind.TIMESTAMP) if kind(v) is Kind.DATE else v for v in (x, y))
            return (x, y) if kind(x) is kind(y) else (self.cast(x, Kind.TIMESTAMP_TZ), self.cast(y, Kind.TIMESTAMP_TZ))
        if _is_read(y, b, a, self.query):
            return x, self._read(y, a)
        if _is_read(x, a, b, self.query):
            return self._read(x, b), y
        if self._beyond_decimals([x, y]) or (a is not b and Kind.FLOAT in (a, b) and a.numeric and b.numeric):
            return self.as_double(x), self.as_double(y)
        if not (a is b or Kind.NULL in (a, b) or (a.numeric and b.numeric) or (self.query and Kind.STRING not in (a, b))):
            hint = "cast one of them first, such as cast(x as double) or cast(x as date)"
            self.reject(f"{article(a)} cannot be compared with {article(b)}", hint=hint, code="not-comparable")
        return x, y

    def _read(self, x: Tree, to: Kind) -> Tree:
        """Convert a string that is compared with a value of another kind. A literal that is not a point in time is rejected."""
        if is_string(x) and to in POINTS and point_written(x.name, to) is None:
            return self.reject(f"{x.name!r} is not {article(to)}", "such as '2024-02-29' or '2024-02-29 12:30:00'", code="wrong-kind")
        if is_string(x) or to not in POINTS - {Kind.DATE}:
            return self.cast(x, to)
        coarser = [Kind.TIMESTAMP, Kind.DATE][to is Kind.TIMESTAMP :]  # a date is its midnight, a time without a zone is in UTC
        return typed(e.coalesce(self.cast(x, to), *(self.cast(self.cast(x, of), to) for of in coarser)), to)

    def widened(self, values: list[Tree]) -> list[Tree]:
        """Alternatives with a common kind: numbers become floats if one is a float, a string literal among points in time becomes one."""
        times = {kind(v) for v in values if kind(v).temporal}
        if len(times) == 1:
            values = [self.cast(v, *times) if is_string(v) else v for v in values]
        found = list(dict.fromkeys(kind(v) for v in values if kind(v) is not Kind.NULL))
        if len(found) > 1 and not all(k.numeric for k in found) and not (self.query and all(k.temporal for k in found)):
            message = f"one of several values is taken, and they are of different kinds: {listed(map(str, found))}"
            self.reject(message, hint="cast them to one kind first, such as cast(x as double) or cast(x as string)", code="mixed-kinds")
        inexact = self.wider(found) is Kind.FLOAT or self._beyond_decimals(values)
        return [self.as_double(v) if kind(v).numeric else v for v in values] if inexact else values

    def _beyond_decimals(self, values: list[Tree]) -> bool:
        """Whether no decimal type has the digits of all values: one engine would fail, the other round. Formulas then use doubles."""
        before, after = (max(n) for n in zip(*map(digits, values), strict=True))
        beyond = Kind.DECIMAL in map(kind, values) and before + after > MOST_DIGITS
        if beyond and self.query:
            message = f"these decimals have up to {before} digits before the point and {after} after it, together more than {MOST_DIGITS}"
            self.reject(message, hint="cast one of them first: cast(x as double)", code="not-comparable")
        return beyond

    def cast(self, x: Tree, to: Kind) -> Tree:
        """Cast a value to a kind. A string that does not have the form of the kind becomes null."""
        source = kind(x)
        if is_string(x) and to in POINTS:
            x = typed(e.lit(point_written(x.name, to) or x.name), Kind.STRING)
        if source is Kind.NULL or source is to:
            return typed(e.cast(x, to), to) if x.meta.get("narrow") else x
        if (source, to) in ONLY_IN_QUERIES and self.query:
            return typed(e.cast(x, to), to)
        if (source, to) in CONVERSIONS and (source, to) not in (*ONLY_IN_QUERIES, (Kind.TIMESTAMP_TZ, Kind.STRING)):
            return typed(CONVERSIONS[source, to](x), to)
        if to is Kind.STRING:
            hint = "cut it off to an integer first: cast(x as bigint)" if source.numeric else ""
            return self.reject(f"{article(source)} has no string that all engines agree on", hint=hint)
        return self.reject(f"{article(source)} cannot be cast to {article(to)}")


def _is_read(x: Tree, of: Kind, to: Kind, query: bool) -> bool:
    """Whether a string is converted to the kind of a compared value: a literal compared with a time; in a query any string."""
    return of is Kind.STRING and ((is_string(x) and to.temporal) or (query and to in FROM_STRING and to is not Kind.STRING))
