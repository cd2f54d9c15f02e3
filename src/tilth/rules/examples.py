"""Examples for failed rules: the most frequent failing values or keys, each with its number of rows, or a few failing rows.

Each lookup scans the columns of the rule and of the id, so it is done only for failed rules, once for equal lookups, and at most
`MOST_LOOKED_UP` times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Kind, Schema, masked
from tilth.engine.expressions import alias, all_rows, and_, col, gt, is_null, lit, not_null, or_
from tilth.engine.layers import table
from tilth.engine.operations.aggregates import SmallestTogether
from tilth.engine.session import Session, everything
from tilth.rules.language.syntax import Composite, Rule

MOST_LOOKED_UP = 20
MOST_GROUPED = 1_000_000  # up to this many failing rows, their values are counted; otherwise the rows found first are shown


@dataclass(frozen=True)
class FailureFilter:
    """The failing rows of a rule: rows for which `rows` is true and, with `keys`, whose key occurs in several rows.

    `nulls`: a key with a null fails, too. `alike`: the values of the columns are not shown, because all of them are null. `data` is the
    table with the columns that `rows` reads, if it is not the table under test.
    """

    columns: tuple[str, ...]
    rows: Tree | None
    keys: bool = False
    nulls: bool = False
    alike: bool = False
    data: Dataset | None = None


@dataclass(frozen=True)
class Examples:
    """Example rows with private values masked. If they are groups, `rows` has the number of rows of each."""

    examples: tuple[Mapping[str, Any], ...] = ()
    rows: tuple[int, ...] = ()


def failing(rule: Rule | Composite, filters: Mapping[Rule | Composite, Callable[[], FailureFilter] | None]) -> FailureFilter | None:
    """The filter for the examples of a rule. `filters` has the filters of its failed parts, None for a part with nothing to show.

    For a composite in column mode: rows that fail one of its failed parts (AND) or all of them (OR), if these judge rows of the table
    under test. Keys are not shown.
    """
    if isinstance(rule, Rule) or rule in filters:
        return make() if (make := filters.get(rule)) else None
    known = [failing(operand, filters) for operand in rule.operands if isinstance(operand, Composite) or operand in filters]
    parts = [part for part in known if part is not None and not part.keys and part.data is None]
    if not parts or (rule.operator == "OR" and len(parts) < len(rule.operands)):
        return None
    join = or_ if rule.operator == "AND" else and_
    columns = tuple(dict.fromkeys(c for part in parts for c in part.columns))
    return FailureFilter(columns, join(*(part.rows for part in parts)), alike=all(part.alike for part in parts))


class FailureExamples:
    """Looks up what fails in one table; equal filters are looked up once, and of many the first."""

    def __init__(self, data: Dataset, schema: Schema, engine: Session, most: int) -> None:
        self.data, self.schema, self.engine, self.most = data, schema, engine, most
        self.ids = tuple(c for c in data.roles.id if c in schema and groupable(schema[c].kind))
        self._known: dict[FailureFilter, Examples] = {}

    def of(self, what: FailureFilter, failed: int | None) -> Examples:
        """Look up the examples. `failed` is the number of failing rows, if known."""
        if what.alike and not self.ids:
            return Examples()  # rows of nulls alone say no more than their number
        if what not in self._known:
            if len(self._known) == MOST_LOOKED_UP:
                return Examples()
            few = failed is None or failed <= MOST_GROUPED
            grouped = what.keys or (few and not what.alike and all(groupable(self.schema[c].kind) for c in what.columns))
            self._known[what] = self._groups(what) if grouped else self._first(what)
        return self._known[what]

    def _groups(self, what: FailureFilter) -> Examples:
        """The most frequent groups of equal values, ties by value, nulls last: the same on every engine."""
        keys = [col(c) for c in what.columns]
        others = tuple(c for c in self.ids if c not in what.columns)
        numbers = [alias(all_rows(), "n"), *([alias(SmallestTogether.of(*map(col, others)), "one")] if others else [])]
        select = exp.Select(expressions=[*(alias(k, f"k{i}") for i, k in enumerate(keys)), *numbers])
        if (condition := self._condition(what, keys)) is not None:
            select.where(condition, copy=False)
        select.group_by(*(k.copy() for k in keys), copy=False)
        if what.keys:
            several = gt(all_rows(), lit(1))
            select.having(or_(several, *(is_null(k) for k in keys)) if what.nulls else several, copy=False)
        order = [exp.Ordered(this=col("n"), desc=True, nulls_first=False)]
        order += [exp.Ordered(this=col(f"k{i}"), desc=False, nulls_first=False) for i in range(len(keys))]
        select.set("order", exp.Order(expressions=order))
        kind = "keys in several rows" if what.keys else "failing values"
        rows = self.engine.rows(what.data or self.data, select.limit(self.most, copy=False), f"{kind} of {', '.join(what.columns[:5])}")
        return Examples(tuple(self._example(what, row, others) for row in rows), tuple(int(row[len(keys)]) for row in rows))

    def _condition(self, what: FailureFilter, keys: Sequence[Tree]) -> Tree | None:
        """The rows that are grouped: a key of nulls alone is not a key, unless nulls fail."""
        some = or_(*(not_null(k) for k in keys)) if what.keys and not what.nulls else None
        return None if some is None and what.rows is None else and_(some, what.rows)

    def _example(self, what: FailureFilter, row: tuple[Any, ...], others: tuple[str, ...]) -> Mapping[str, Any]:
        values = dict(zip(what.columns, row, strict=False))
        one = row[len(values) + 1] if others else ()
        together = one.values() if isinstance(one, Mapping) else one if isinstance(one, tuple) else [None] * len(others)
        return masked({**dict(zip(others, together, strict=True)), **values}, self.data.roles.private)

    def _first(self, what: FailureFilter) -> Examples:
        """The first rows that are found."""
        chosen = exp.Select(expressions=[exp.Star()]).from_(table(BELOW), copy=False)
        chosen = chosen.where(what.rows, copy=False).limit(self.most, copy=False)
        wanted = {*self.ids, *what.columns}
        names = tuple(n for n in self.data.names if n in wanted)
        rows = self.engine.peek((what.data or self.data).rows(chosen).keep(names), everything())
        return Examples(tuple(masked(dict(zip(names, row, strict=True)), self.data.roles.private) for row in rows))


def groupable(kind: Kind) -> bool:
    """Whether values of a kind can be grouped."""
    return kind not in (Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER)
