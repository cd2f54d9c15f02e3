"""From a configured column to an axis of the table of counts: the key that rows are grouped by, and the groups that its values make."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Schema
from tilth.engine.engine import Engine
from tilth.engine.expressions import all_rows, col, double, eq
from tilth.engine.operations import CountIf, DoubleToInteger, SumOrZero
from tilth.engine.statistics import Statistic, count, count_of, highest, lowest, over_groups, size
from tilth.engine.statistics import distinct as distinct_of
from tilth.errors import Mistake, RequestError
from tilth.measures.bias.kinds import (
    ColumnFacts,
    Interval,
    Measured,
    Undecided,
    above,
    band,
    category,
    is_ambiguous,
    means,
    measured_as,
    number_of,
    numeric,
    reads_as_integer,
    text_of,
    threshold_name,
    truth_of,
    values_name,
)
from tilth.measures.bias.request import BiasRequest, Facet
from tilth.metrics.columns import Percentile
from tilth.metrics.metric import measured

FIRST = 10_001  # rows of the first look: a table in which an integer column can be ambiguous is seen whole
EACH = 12  # a numeric facet of more values than this is cut into quantiles, where the request says how many
MISSING_KEY = "__missing__"  # the name of a missing facet value or group that counts as a category
OUTSIDE = -1  # the band of a number that no interval holds

Key = Any  # a value of a key column: a text, number, boolean, date or null; the number of a band


@dataclass(frozen=True)
class Side:
    """One group of rows, d: its name in results, and the keys of its rows."""

    name: str
    keys: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Axis:
    """A column as the table of counts sees it. `intervals` part a column on a line into bands; without them each value is a key.

    A `raw` column is grouped by its values as they are, and read once they have been counted: texts, and numbers of few values, for
    which that spares a pass. `quantiles` are those still to be found.
    """

    column: str
    kind: Kind
    values: tuple[Any, ...] = ()
    intervals: tuple[Interval, ...] = ()
    facts: ColumnFacts | None = None
    quantiles: int = 0
    raw: bool = False

    @cached_property
    def tree(self) -> Tree:
        """The key that rows are grouped by."""
        return category(self.column, self.kind) if self.raw else self.keys_tree

    @cached_property
    def keys_tree(self) -> Tree:
        """The key as `key` gives it. Numbers that are written as texts have no such tree."""
        return band(numeric(self.column, self.kind), self.intervals) if self.intervals else category(self.column, self.kind)

    def key(self, raw: Any) -> Key:
        """What a key of the table of counts means here."""
        if raw is None or not self.intervals or not self.raw:
            return raw
        number = number_of(raw)
        return None if number is None else next((n for n, i in enumerate(self.intervals) if number in i), OUTSIDE)

    def sides(self, keys: Iterable[Key]) -> list[Side]:
        """The groups that are d in their turn, in ascending order, of the keys that there are."""
        there = ordered(keys)
        if self.intervals:
            return [Side(self.interval_name(n), frozenset(k for k in there if k == n)) for n in range(len(self.intervals))]
        if self.values:
            return [Side(values_name(self.values), frozenset(k for k in there if k != MISSING_KEY and self.is_configured(k)))]
        return [Side(text_of(k), frozenset({k})) for k in there]

    def is_configured(self, key: Key) -> bool:
        """Whether a key is one of the configured values."""
        truths = self.facts is not None and self.facts.truth
        return any(means(v, key, truths) for v in self.values)

    def interval_name(self, n: int) -> str:
        """The name of a band: the interval as it was configured; a threshold's goes up to the largest value."""
        interval = self.intervals[n]
        if interval == above(interval.low):
            high = self.facts.high if self.facts else None
            return threshold_name(interval.low, high, self.kind is not Kind.INTEGER and self.kind is not Kind.STRING)
        return str(self.values[0]) if self.values else str(interval)

    def key_name(self, key: Key) -> str:
        """The name of a single key, for combinations of columns."""
        if not self.intervals:
            return text_of(key)
        if key != OUTSIDE:
            return self.interval_name(key)
        if len(self.intervals) == 1 and self.intervals[0] == above(self.intervals[0].low):
            low = self.facts.low if self.facts else None
            return str(Interval(-math.inf if low is None else low, self.intervals[0].low, low_in=low is not None))
        return f"outside {', '.join(self.interval_name(n) for n in range(len(self.intervals)))}"


def ordered(keys: Iterable[Key]) -> tuple[Key, ...]:
    """The different keys that are there, ascending, the category of missing values last."""
    return tuple(sorted({k for k in keys if k is not None}, key=lambda k: (k == MISSING_KEY, k)))


# ── what is known of the columns, in as few passes as will do ──


Known = dict[str, ColumnFacts]
Answer = Callable[[Iterable[Statistic]], Mapping[Statistic, Any]]


def facts_of(columns: Sequence[Column], data: Dataset, answer: Answer, distinct: bool) -> Known:
    """Facts of some columns from one set of row aggregates."""
    asked = {c.name: _asked(c, distinct) for c in columns}
    rows = count()
    found = answer([rows, *(s for of in asked.values() for s in of.values())])
    made = {}
    for c in columns:
        numbers = {name: found[s] for name, s in asked[c.name].items()}
        whole = numbers.get("whole") == numbers["present"]
        low, high = (None if numbers.get(x) is None else number_of(numbers[x]) for x in ("low", "high"))
        made[c.name] = ColumnFacts(c.name, c.kind, found[rows], numbers["present"], numbers.get("distinct"), low, high, whole)
    return made


def _asked(c: Column, distinct: bool) -> dict[str, Statistic]:
    x = numeric(c.name, c.kind) if c.kind.numeric else col(c.name)
    asked = {"present": count_of(x)}
    if distinct:
        asked["distinct"] = distinct_of(category(c.name, c.kind))
    if c.kind.numeric:
        whole = eq(double(DoubleToInteger.of(double(x))), double(x)) if c.kind is not Kind.INTEGER else None
        asked |= {"low": lowest(x), "high": highest(x), "whole": count_of(x) if whole is None else Statistic(CountIf.of(whole))}
    return asked


def facts_of_counts(axis: Axis, counts: Mapping[Key, int]) -> ColumnFacts:
    """Facts of a column whose values have been counted, each for itself."""
    there = [k for k in counts if k is not None]
    present, text = sum(counts[k] for k in there), axis.kind is Kind.STRING
    whole = bool(there) and all(reads_as_integer(k) if text else math.isfinite(k) and k == int(k) for k in there)
    truth = text and bool(there) and all(truth_of(k) is not None and number_of(k) is None for k in there)
    numbers = [int(k) for k in there] if text and whole else [] if text else [n for k in there if (n := number_of(k)) is not None]
    low, high = min(numbers, default=None), max(numbers, default=None)
    return ColumnFacts(axis.column, axis.kind, present + counts.get(None, 0), present, len(there), low, high, whole, truth)


def counted_distinct(name: str, data: Dataset, engine: Engine) -> tuple[int, int]:
    """The number of different values, and of rows that have one: a pass of its own."""
    groups, rows = over_groups(all_rows(), (name,)), over_groups(SumOrZero.of(size()), (name,))
    found = engine.answer(data, [groups, rows])
    return int(found[groups]), int(found[rows])


# ── axes ──


@dataclass
class Axes:
    """Makes axes for a request, and notes what whoever reads the result should know."""

    request: BiasRequest
    schema: Schema
    data: Dataset
    engine: Engine
    look: Known
    facts: Known
    warnings: list[tuple[str, str, str]]  # code, column, message

    @classmethod
    def of(cls, request: BiasRequest, schema: Schema, data: Dataset, engine: Engine) -> Axes:
        """What can be known before anything is counted."""
        used = [schema[c] for c in request.columns if c != request.weight]
        look = facts_of(used, data, lambda asked: engine.glimpse(data, asked, FIRST), distinct=True)
        axes = cls(request, schema, data, engine, look, {}, [])
        if all(f.rows < FIRST for f in look.values()):
            axes.facts = dict(look)
            return axes
        configured = [(f.column, f.values) for f in request.facets if not f.bands] + [(request.label, request.positive)]
        undecided = [schema[c] for c, values in configured if c is not None and not is_interval(values) and not axes.can_wait(c)]
        numbers = list(dict.fromkeys(c for c in undecided if c.kind.numeric))
        axes.facts = facts_of(numbers, data, lambda asked: engine.answer(data, asked), distinct=False) if numbers else {}
        return axes

    def can_wait(self, name: str) -> bool:
        """Whether a column is read once its values have been counted. With weights some rows are not counted, but decide as well."""
        if self.schema[name].kind is Kind.STRING:
            return True
        few = (self.look[name].distinct or 0) <= EACH
        return few and self.schema[name].kind.numeric and name not in self.facts and self.request.weight is None

    def label(self) -> Axis | None:
        """The label's axis."""
        return None if self.request.label is None else self.axis(self.request.label, self.request.positive)

    def facet(self, facet: Facet) -> Axis:
        """A facet's axis."""
        if facet.bands:
            return Axis(facet.column, self.schema[facet.column].kind, intervals=facet.bands)
        return self.axis(facet.column, facet.values, facet.quantiles)

    def strata(self, name: str) -> Axis:
        """The axis of the group variable: each value is a stratum."""
        return Axis(name, self.schema[name].kind)

    def axis(self, name: str, values: tuple[Any, ...], quantiles: int = 0) -> Axis:
        """A column's axis by the rule of `kinds`. Errors: `RequestError` for numbers on a line that nobody says how to part."""
        kind = self.schema[name].kind
        plain = Axis(name, kind, values, facts=self.facts.get(name), quantiles=quantiles, raw=kind is Kind.STRING)
        if is_interval(values):
            return replace(plain, intervals=(interval_of(name, values),))
        return replace(plain, raw=True) if self.can_wait(name) else self._read(plain)

    def _read(self, plain: Axis) -> Axis:
        """An axis whose column's facts are known: each value for itself, or bands."""
        if not plain.kind.numeric and plain.kind is not Kind.STRING:
            return plain
        if plain.quantiles and not plain.values and plain.kind.numeric:
            return self._cut(plain)
        if self._measured(plain.column, plain.values) == "categorical":
            return plain
        return replace(plain, intervals=(interval_of(plain.column, plain.values),))

    def _measured(self, name: str, values: tuple[Any, ...]) -> Measured:
        stated = self.request.types.get(name)
        found = self._decided(self.facts[name], values, stated)
        if stated is None and len(values) > 1 and all(number_of(v) is not None for v in values):
            if self._decided(self.facts[name], values[:1], None) == "continuous":
                self.warn(
                    "VALUES_ON_CONTINUOUS",
                    name,
                    f"column {name!r} holds numbers on a line, and {len(values)} values are configured: rows that equal one of them are "
                    f'selected. For a range write an interval such as "({text_of(values[0])}, {text_of(values[-1])}]"',
                )
        elif stated is None and is_ambiguous(self.facts[name]):
            self.warn_ambiguous(self.facts[name], found)
        return found

    def _decided(self, facts: ColumnFacts, values: Sequence[Any], stated: Measured | None) -> Measured:
        try:
            return measured_as(facts, values, stated)
        except Undecided:
            self.facts[facts.name] = replace(facts, distinct=counted_distinct(facts.name, self.data, self.engine)[0])
            return measured_as(self.facts[facts.name], values, stated)

    def _cut(self, plain: Axis) -> Axis:
        """A numeric facet without values: each value where they are few, else quantiles."""
        facts = self.facts[plain.column]
        if facts.distinct is None and facts.most_distinct > EACH and (self.look[plain.column].distinct or 0) <= EACH:
            facts = self.facts[plain.column] = replace(facts, distinct=counted_distinct(plain.column, self.data, self.engine)[0])
        few = facts.distinct <= EACH if facts.distinct is not None else facts.most_distinct <= EACH
        if few:
            return replace(plain, facts=facts)
        edges = [Percentile(plain.column, i / plain.quantiles) for i in range(plain.quantiles + 1)]
        found = measured(self.data, edges, self.engine)
        return replace(plain, facts=facts, intervals=parts([found[e] for e in edges], facts.kind is Kind.INTEGER))

    def counted(self, axis: Axis, counts: Mapping[Key, int]) -> Axis:
        """The axis of a raw column, now that its values have been counted."""
        if not axis.raw or axis.intervals:
            return axis
        self.facts[axis.column] = facts = facts_of_counts(axis, counts)
        return self._read(replace(axis, facts=facts)) if facts.present else replace(axis, facts=facts)

    def values_of(self, axis: Axis) -> int:
        """About how many keys an axis has, null among them: by its bands, or by what the first rows hold."""
        if axis.intervals and not axis.raw:
            return len(axis.intervals) + 2
        return (self.look[axis.column].distinct or 1) + 1

    def warn(self, code: str, column: str, message: str) -> None:
        """Note something once."""
        if (code, column, message) not in self.warnings:
            self.warnings.append((code, column, message))

    def warn_ambiguous(self, facts: ColumnFacts, found: Measured) -> None:
        """Say how an integer column was read that could have been read otherwise."""
        other = "continuous" if found == "categorical" else "categorical"
        self.warn(
            "AMBIGUOUS_TYPE",
            facts.name,
            f"integer column {facts.name!r} has {facts.distinct} different values in {facts.present:,} rows and is read as {found}; "
            f"with other rows it could be {other}. State it: types: {{{facts.name}: {found}}}",
        )


def is_interval(values: Sequence[Any]) -> bool:
    """Whether the configured value is an interval, so that nothing need be known of the column."""
    return len(values) == 1 and Interval.parsed(values[0]) is not None


def interval_of(name: str, values: Sequence[Any]) -> Interval:
    """The interval that a configured value means for numbers on a line: an interval as it is, a number as exclusive lower bound."""
    if not values:
        raise RequestError(
            Mistake(
                f"column {name!r} holds numbers on a line, and nobody says where to part them",
                accepted='a number as exclusive lower bound, an interval such as "(20, 40]", or quantiles',
                hint=f"or state that its values are categories: types: {{{name}: categorical}}",
                code="no-threshold",
            )
        )
    interval, number = Interval.parsed(values[0]), number_of(values[0])
    if interval is None and number is None:
        raise RequestError(
            Mistake(
                f"column {name!r} holds numbers on a line, and {values[0]!r} is no number",
                accepted='a number as exclusive lower bound, or an interval such as "(20, 40]"',
                code="no-threshold",
            )
        )
    return interval or above(number)  # type: ignore[arg-type]  # one of the two is there


def parts(edges: Sequence[float | None], integers: bool) -> tuple[Interval, ...]:
    """Intervals [q₀, q₁), [q₁, q₂) … between quantiles, the last one closed; equal quantiles make one edge.

    >>> [str(i) for i in parts([17.0, 28.0, 37.0, 37.0, 90.0], integers=True)]
    ['[17, 28)', '[28, 37)', '[37, 90]']
    """
    found = sorted({e for e in edges if e is not None})
    found = [math.ceil(e) for e in found] if integers else found
    found = sorted(set(found))
    if len(found) == 1:
        return (Interval(found[0], found[0], True, True),)
    pairs = list(pairwise(found))
    return tuple(Interval(low, high, True, n == len(pairs) - 1) for n, (low, high) in enumerate(pairs))
