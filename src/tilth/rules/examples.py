"""Examples for failed rules: the most frequent failing values or keys, each with its number of rows, or a few failing rows.

They are looked up only for failed rules, once for equal lookups. One query counts the failing values of many rules; keys, and tables with
joined columns, need queries of their own. At most `MOST_LOOKED_UP` queries run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Kind, Schema, masked
from tilth.engine.expressions import (
    alias,
    all_rows,
    and_,
    coalesce,
    col,
    gt,
    if_else,
    in_,
    is_null,
    le,
    lit,
    not_,
    not_null,
    or_,
    own,
    renamed,
)
from tilth.engine.layers import selected, table
from tilth.engine.operations.aggregates import SmallestTogether
from tilth.engine.operations.lists import ValuesWhere
from tilth.engine.operations.rows import Elements
from tilth.engine.session import Session, everything
from tilth.rules.language.syntax import Composite, Rule
from tilth.rules.members import MEMBER, Membership, with_members

MOST_LOOKED_UP = 20
MOST_TOGETHER = 20  # rules of one query
MOST_GROUPED = 1_000_000  # up to this many failing rows of a query, their values are counted; otherwise the rows found first are shown
MOST_BESIDE = 5  # other columns that identify a row without a value, if there is no id
RULE, ROWS, ID = "rule", "n", "one"  # temporary columns: which filter of a query, its number of rows, the smallest id


@dataclass(frozen=True)
class FailureFilter:
    """The failing rows of a rule: rows for which `rows` is true and, with `keys`, whose key occurs in several rows.

    `nulls`: a key with a null fails, too. `alike`: the values of the columns are not shown, because all of them are null. With `member`,
    `rows` may read the column `MEMBER`. `data` is the table with the columns that `rows` reads, if it is not the table under test.
    """

    columns: tuple[str, ...]
    rows: Tree | None
    keys: bool = False
    nulls: bool = False
    alike: bool = False
    member: Membership | None = None
    data: Dataset | None = None


def not_among(member: Membership, columns: tuple[str, ...]) -> FailureFilter:
    """The rows that are not members, shown by their values of some columns."""
    return FailureFilter(columns, not_(col(MEMBER)), member=member)


@dataclass(frozen=True)
class Examples:
    """Example rows with private values masked. If they are groups, `rows` has the number of rows of each."""

    examples: tuple[Mapping[str, Any], ...] = ()
    rows: tuple[int, ...] = ()


Lookup: TypeAlias = Callable[[Sequence[FailureFilter]], dict[FailureFilter, Examples]]


def failing(rule: Rule | Composite, filters: Mapping[Rule | Composite, Callable[[], FailureFilter] | None]) -> FailureFilter | None:
    """The filter for the examples of a rule. `filters` has the filters of its failed parts, None for a part with nothing to show.

    For a composite in column mode: rows that fail one of its failed parts (AND) or all of them (OR), if these judge rows of the table
    under test. Keys are not shown.
    """
    if isinstance(rule, Rule) or rule in filters:
        return make() if (make := filters.get(rule)) else None
    known = [failing(operand, filters) for operand in rule.operands if isinstance(operand, Composite) or operand in filters]
    parts = [part for part in known if part is not None and not (part.keys or part.member or part.data)]
    if not parts or (rule.operator == "OR" and len(parts) < len(rule.operands)):
        return None
    join = or_ if rule.operator == "AND" else and_
    columns = tuple(dict.fromkeys(c for part in parts for c in part.columns))
    return FailureFilter(columns, join(*(part.rows for part in parts)), alike=all(part.alike for part in parts))


class FailureExamples:
    """Looks up what fails in one table."""

    def __init__(self, data: Dataset, schema: Schema, engine: Session, most: int) -> None:
        self.data, self.schema, self.engine, self.most = data, schema, engine, most
        self.ids = tuple(c for c in data.roles.id if c in schema and groupable(schema[c].kind))

    def look_up(self, wanted: Mapping[FailureFilter, int | None]) -> dict[FailureFilter, Examples]:
        """The examples of filters. The numbers are those of the failing rows, None if unknown."""
        return {what: found for look, batch in self._queries(wanted)[:MOST_LOOKED_UP] for what, found in look(batch).items()}

    def _queries(self, wanted: Mapping[FailureFilter, int | None]) -> list[tuple[Lookup, list[FailureFilter]]]:
        """The filters of each query."""
        queries, open_batches = list[tuple[Lookup, list[FailureFilter]]](), dict[Dataset | None, tuple[list[FailureFilter], int]]()
        for what, failed in wanted.items():
            rows = failed or 0
            countable = not what.alike and rows <= MOST_GROUPED and all(groupable(self.schema[c].kind) for c in what.columns)
            if what.keys:
                queries.append((self._keys, [what]))
            elif countable:
                batch, total = open_batches.get(what.data, ([], 0))
                if not batch or len(batch) == MOST_TOGETHER or total + rows > MOST_GROUPED:
                    batch, total = [], 0
                    queries.append((self._values, batch))
                batch.append(what)
                open_batches[what.data] = batch, total + rows
            else:
                queries.append((self._first, [what]))
        return queries

    def _keys(self, filters: Sequence[FailureFilter]) -> dict[FailureFilter, Examples]:
        """The keys in most rows, ties by value, nulls last: the same on every engine."""
        (what,) = filters
        keys = [col(c) for c in what.columns]
        select = exp.Select(expressions=[*(alias(k, f"k{i}") for i, k in enumerate(keys)), *self._numbers(list(map(col, self.ids)))])
        some = None if what.nulls else or_(*(not_null(k) for k in keys))  # a key of nulls alone is not a key, unless nulls fail
        if some is not None or what.rows is not None:
            select.where(and_(some, what.rows), copy=False)
        select.group_by(*(k.copy() for k in keys), copy=False)
        several = gt(all_rows(), lit(1))
        select.having(or_(several, *(is_null(k) for k in keys)) if what.nulls else several, copy=False)
        select.set("order", _most_frequent(len(keys)))
        title = f"keys in several rows of {_several(what.columns)}"
        rows = self.engine.rows(what.data or self.data, select.limit(self.most, copy=False), title)
        return {what: self._examples(what, [(row[: len(keys)], row[len(keys) :]) for row in rows])}

    def _values(self, filters: Sequence[FailureFilter]) -> dict[FailureFilter, Examples]:
        """The values in most failing rows of each filter, ties by value, nulls last: the same on every engine.

        Each failing row is taken once for every filter that it meets; a column that its filter does not show is null there.
        """
        columns = tuple(dict.fromkeys(c for what in filters for c in what.columns))
        table_of, fails = self._failing(filters)
        rules = Elements.of(ValuesWhere.of(*fails, *map(lit, range(len(filters)))))
        read = dict.fromkeys((*columns, *self.ids))
        failing = selected([alias(rules, RULE), *(alias(col(c), f"c{i}") for i, c in enumerate(read))], table(BELOW))
        failing = failing.where(or_(*fails), copy=False)
        place, keys = {c: col(f"c{i}") for i, c in enumerate(read)}, [f"k{i}" for i in range(len(columns))]
        shown = [if_else(in_(col(RULE), [i for i, what in enumerate(filters) if c in what.columns]), place[c]) for c in columns]
        taken = selected([col(RULE), *map(alias, shown, keys), *(alias(place[c], f"id{i}") for i, c in enumerate(self.ids))], failing, "f")
        numbers = self._numbers([col(f"id{i}") for i in range(len(self.ids))])
        counted = selected([col(RULE), *map(col, keys), *numbers], taken, "t").group_by(col(RULE), *map(col, keys), copy=False)
        rank = exp.Window(this=exp.RowNumber(), partition_by=[col(RULE)], order=_most_frequent(len(keys)))
        ranked = selected([exp.Star(), alias(rank, "rank")], counted, "g")
        names = (RULE, *keys, ROWS, *([ID] if self.ids else []))
        select = exp.Select(expressions=list(map(col, names))).where(le(col("rank"), lit(self.most)), copy=False)
        select.order_by(col(RULE), col("rank"), copy=False)
        data = table_of.rows(ranked, out=(*names, "rank"))
        found: list[list[tuple[Sequence[Any], Sequence[Any]]]] = [[] for _ in filters]
        for rule, *row in self.engine.rows(data, select, f"failing values of {_several(columns)}"):
            found[rule].append(([row[columns.index(c)] for c in filters[rule].columns], row[len(columns) :]))
        return {what: self._examples(what, rows) for what, rows in zip(filters, found, strict=True)}

    def _failing(self, filters: Sequence[FailureFilter]) -> tuple[Dataset, list[Tree]]:
        """A table, and for each filter the condition of its failing rows: true or false, never null."""
        data, members = with_members(filters[0].data or self.data, {what: what.member for what in filters if what.member})
        read = ((what, what.rows or exp.true()) for what in filters)
        fails = (renamed(rows, MEMBER, members[what]) if what in members else rows for what, rows in read)
        return data, [coalesce(rows, exp.false()) for rows in fails]

    def _numbers(self, ids: Sequence[Tree]) -> list[Tree]:
        """The number of rows of a group, and the id of one of them."""
        one = [] if not ids else [exp.Min(this=own(ids[0]))] if len(ids) == 1 else [SmallestTogether.of(*ids)]
        return [alias(all_rows(), ROWS), *(alias(tree, ID) for tree in one)]

    def _examples(self, what: FailureFilter, rows: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> Examples:
        """Groups of equal values, each with its number of rows and an id."""
        examples, counts = [], []
        for values, (n, *one) in rows:
            of = one[0] if one else None
            together = (of,) if len(self.ids) == 1 else of.values() if isinstance(of, Mapping) else of or [None] * len(self.ids)
            named = dict(zip(self.ids, together, strict=True)) if self.ids else {}
            ids = {name: value for name, value in named.items() if name not in what.columns}
            examples.append(masked({**ids, **dict(zip(what.columns, values, strict=True))}, self.data.roles.private))
            counts.append(int(n))
        return Examples(tuple(examples), tuple(counts))

    def _first(self, filters: Sequence[FailureFilter]) -> dict[FailureFilter, Examples]:
        """The rows that are found first. Rows without a value are told by their ids or, without any, by a few other columns."""
        (what,), (data, fails) = filters, self._failing(filters)
        chosen = selected([exp.Star()], table(BELOW)).where(*fails, copy=False).limit(self.most, copy=False)
        others = [c.name for c in self.schema if c.name not in what.columns and groupable(c.kind)] if what.alike else []
        wanted = {*what.columns, *(self.ids or others[:MOST_BESIDE])}
        names = tuple(n for n in self.data.names if n in wanted)
        rows = self.engine.peek(data.rows(chosen).keep(names), everything())
        return {what: Examples(tuple(masked(dict(zip(names, row, strict=True)), self.data.roles.private) for row in rows))}


def _most_frequent(keys: int) -> exp.Order:
    """The order of groups: by the number of rows, descending, then by their keys, nulls last."""
    order = [exp.Ordered(this=col(ROWS), desc=True, nulls_first=False)]
    return exp.Order(expressions=order + [exp.Ordered(this=col(f"k{i}"), desc=False, nulls_first=False) for i in range(keys)])


def _several(columns: Sequence[str]) -> str:
    return ", ".join(columns[:5]) + (f" and {len(columns) - 5} more" if len(columns) > 5 else "")


def groupable(kind: Kind) -> bool:
    """Whether values of a kind can be grouped."""
    return kind not in (Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER)
