"""join: columns of a further table, or only the rows that it knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema, mask, select
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import alias, all_rows, and_, col, eq, gt, lit, not_, not_null
from tilth.engine.keys import NO_ORDER
from tilth.engine.layers import table
from tilth.engine.needs import Sample
from tilth.engine.operations.hashing import has_string
from tilth.engine.relations import comparable
from tilth.errors import Mistake, RequestError, listed, unknown
from tilth.metrics.columns import RowCount
from tilth.metrics.relations import MatchedRows
from tilth.report.blocks import counted
from tilth.steps.rows.as_of import MATCH, AsOf
from tilth.steps.rows.dedupe import Dedupe
from tilth.steps.rows.lookup_table import kept, looked_up
from tilth.steps.step import Asking, Elsewhere, Learned, Learning, Selector, Table, TablesStep
from tilth.steps.time.bins import Bins

OTHER = "\x1fother"  # the name of the other table in a query, which no table of a user has
Pairs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Join(TablesStep):
    """Adds columns of another table, from its row with the same key; or keeps only rows with a key that the other table has.

    | `how` | rows | columns |
    |---|---|---|
    | `left` | all; without a match the new columns are null | the columns of the other table are added |
    | `inner` | rows with a match | the columns of the other table are added |
    | `semi` | rows with a match | unchanged |
    | `anti` | rows without a match | unchanged |

    A key with a null matches nothing. A key that occurs more than once in the other table is an error, because it would duplicate rows;
    `many: allow` makes a row for each match. There are no right and full joins, which would add rows that the data does not have. The
    resulting rows are in no particular order: `sort` them afterwards.

    With `as_of`, each row is joined with one row of the same key, chosen by its time: the last one up to the row's own time (`backward`),
    which was known then; the first one from that time on (`forward`); or the nearer of the two (`nearest`; of equally near rows, the
    earlier one). A predicting model cannot know the rows of `forward` and `nearest`. If several rows have the same time, `many: allow`
    takes the last in the order of their other columns.

    The part `rows` is not applied when serving, so `features` cannot read columns that the step makes there. With `lookup: true` you can
    use a left join in `features`: the chosen columns of the other table, up to a million cells, become part of the fitted flow, and served
    rows get their values as of the fit. An as-of join cannot be used there, because the values that it would have to find do not exist yet.

    Elsewhere: pandas' `merge(how=how, validate="m:1")` and `merge_asof(by=on, on=as_of)`, where null keys match each other.

    Errors: a table or column that does not exist; keys of kinds that cannot be compared; a name that both tables have; a key that occurs
    more than once.

    >>> print(Join("customers", {"customer": "id"}, columns="city"))
    join(table='customers', on=[('customer', 'id')], columns='city')
    """

    name = "join"
    parts = frozenset({"rows", "features"})
    learns = False
    makes_columns = True
    shorthand = "table"
    part_hint = "`lookup: true` keeps the other table in the fitted flow, and lets a left join stand in `features`"

    table: str
    """The other table, by its name under `data: {tables: …}`."""
    on: str | tuple[str, ...] | Pairs | Mapping[str, str] = ()
    """The key: columns of both tables, or column → column of the other table, if their names differ."""
    how: Literal["left", "inner", "semi", "anti"] = "left"
    """Which rows stay."""
    columns: Selector = ()
    """The columns of the other table to add. Default: all except its key and its time."""
    prefix: str = ""
    """A prefix for their names."""
    suffix: str = ""
    """A suffix for the names of those that exist already."""
    indicator: str = ""
    """`how: left`: a new boolean column that says whether there was a match. Default: none."""
    many: Literal["error", "allow"] = "error"
    """What happens if the other table has a key more than once."""
    as_of: str | Pairs | Mapping[str, str] = ""
    """The column of times, of both tables or as column → column of the other. Default: rows match by their key alone."""
    direction: Literal["backward", "forward", "nearest"] = "backward"
    """`as_of`: whether to join the row before, the row after, or the nearer of the two."""
    tolerance: str = ""
    """`as_of`: the largest difference between the two times, such as `1d` or `15 min`. Default: any."""
    allow_exact_matches: bool = True
    """`as_of`: whether a row of the same time counts."""
    lookup: bool = False
    """Whether to keep the added columns in the fitted flow, so that the step also applies to served rows; write it under `features`
    then."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "parts", frozenset({"features" if self.lookup else "rows"}))

    def mistakes(self) -> Iterator[Mistake]:
        return (Mistake(f"join: {message}", accepted=accepted, code="bad-value") for message, accepted in self._mistakes())

    def _mistakes(self) -> Iterator[tuple[str, str]]:
        adds, left = self.how in ("left", "inner"), self.how == "left"
        if not self._key and not self._times:
            yield "`on` names no column", "a column of both tables, several, or {column: column of the other table}"
        if not adds and (self.columns or self.prefix or self.suffix or self.private or self._times):
            yield f"`how: {self.how}` adds no columns, so that nothing can be said of them", "`table`, `on` and `how` alone"
        if self.indicator and not left:
            yield f"`indicator` says nothing where `how` is {self.how}", "`how: left`"
        if len(self._times) > 1:
            yield "`as_of` names several columns of times", "one"
        if self.tolerance and not self._within:
            yield f"`tolerance` is {self.tolerance!r}", "a number and ms, s, min, h, d or w, such as `6h`"
        if not self._times and (self.tolerance or self.direction != "backward" or not self.allow_exact_matches):
            yield "`direction`, `tolerance` and `allow_exact_matches` are for a join by time", "`as_of` beside them"
        if self.lookup and (not left or self._times or self.many == "allow"):
            yield "`lookup: true` is for a row in, a row out, of a table that stays as it is", "`how: left`, without `as_of` and `many`"

    @property
    def _key(self) -> Pairs:
        return _pairs(self.on)

    @property
    def _times(self) -> Pairs:
        return _pairs(self.as_of)

    @property
    def _within(self) -> int:
        found = Bins.read(self.tolerance)
        return found.length if found else 0

    @property
    def names_tables(self) -> tuple[str, ...]:
        return (self.table,)

    # ── checks ──

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        other = self.further(self.table)
        self._reject_keys(schema, other.schema)
        chosen = self._added(schema, other.schema)
        RequestError.reject([*self._clashes(chosen, schema), *self._unkept(chosen, other.schema, roles)])
        if self.how in ("left", "inner") and self.many == "error":
            yield from self._repeated(other, roles, chosen)
        if self.lookup:
            return {"": (yield from kept(self.name, self.table, other, [b for _, b in self._key], chosen))}
        if self.how != "left" or self._times:
            return {"": {}}
        asked = (RowCount(), MatchedRows(other.data, self._key))
        found = yield asked
        return {"": {"rows": found[asked[0]], "matched": found[asked[1]]}}

    def _reject_keys(self, here: Schema, there: Schema) -> None:
        pairs = (*self._key, *self._times)
        mistakes = unknown([a for a, _ in pairs], here.names, "join: there is no column {}", "unknown-column")
        mistakes += unknown([b for _, b in pairs], there.names, f"join: the table {self.table!r} has no column {{}}", "unknown-column")
        RequestError.reject(mistakes)
        found = [(here[a], there[b]) for a, b in pairs]
        mistakes += self.unfit([c for pair in found for c in pair], lambda c: "" if has_string(c) else "cannot be a key of a join")
        mistakes += self.unfit(
            [here[a] for a, _ in self._times], lambda c: "" if c.kind.temporal else "is not a time (cast or parse it first)"
        )
        mistakes += [self._unequal(a, b) for a, b in found if not self._alike(a, b)]
        RequestError.reject(dict.fromkeys(mistakes))

    def _alike(self, a: Column, b: Column) -> bool:
        """Whether two columns can be compared: times of one kind only, and the texts of floats and decimals never."""
        if a.kind.temporal or (self.lookup and {a.kind, b.kind} == {Kind.FLOAT, Kind.DECIMAL}):
            return a.kind is b.kind
        return comparable(a, b)

    def _unequal(self, a: Column, b: Column) -> Mistake:
        message = f"join: column {a.name!r} ({a}) cannot be compared with {b.name!r} ({b}) of {self.table!r}"
        return Mistake(message, accepted="keys of one kind", hint=f"cast {a.name!r} before this step", code="wrong-kind")

    def _added(self, here: Schema, there: Schema) -> dict[str, str]:
        """The columns that are added: the name there → the name here."""
        if self.how not in ("left", "inner"):
            return {}
        own = {b for _, b in (*self._key, *self._times)}
        names = select(self.columns, there) if self.columns else [c for c in there.names if c not in own]
        if not names and not self.indicator:
            hint = "`how: semi` and `how: anti` choose rows without adding columns"
            raise RequestError(f"join: no column of {self.table!r} is selected", hint=hint, code="nothing-selected")
        taken = {name.casefold() for name in here.names}
        return {c: self.prefix + c + (self.suffix if (self.prefix + c).casefold() in taken else "") for c in names}

    def _clashes(self, added: Mapping[str, str], here: Schema) -> Iterator[Mistake]:
        taken = {name.casefold(): name for name in here.names}
        for name in (*added.values(), *([self.indicator] if self.indicator else [])):
            if name.casefold() in taken:
                message = f"join: it would make {name!r}, but there is a column {taken[name.casefold()]!r} already"
                hint = f"choose `columns`, or tell them apart: `suffix: _{self.table}` or `prefix: {self.table}_`"
                yield Mistake(message, hint=hint, code="name-clash")
            taken[name.casefold()] = name

    def _unkept(self, added: Mapping[str, str], there: Schema, roles: Roles) -> Iterator[Mistake]:
        """What cannot be kept in a fitted flow."""
        if not self.lookup:
            return
        yield from self.unfit((there[c] for c in added), lambda c: "" if arrow_type(c.kind) else "cannot be kept in a fitted flow")
        private = [*(a for a, _ in self._key if a in roles.private), *self._private(added, there, roles)]
        if private:
            message = f"join: {listed(private)} are private, and their values would become part of the fitted flow"
            yield Mistake(message, hint="choose other `columns`, or join them in `rows`, without `lookup`", code="private-values")

    def _private(self, added: Mapping[str, str], there: Schema, roles: Roles) -> list[str]:
        """The added columns that are private."""
        hidden = {b for a, b in (*self._key, *self._times) if a in roles.private} | set(roles.private)
        stated = select(self.private, _renamed(there, added)) if self.private else ()
        return [here for c, here in added.items() if c in hidden or here in stated]

    def _repeated(self, other: Table, roles: Roles, added: Mapping[str, str]) -> Asking[None]:
        """Reject a key that the other table has more than once."""
        pairs = (*self._key, *self._times)
        keys = [b for _, b in pairs]
        twice = exp.Select(expressions=[col(b) for b in keys]).from_(table(BELOW)).where(and_(*(not_null(col(b)) for b in keys)))
        doubles = other.data.rows(twice.group_by(*map(col, keys)).having(gt(all_rows(), lit(1))), out=keys)
        number = Elsewhere(doubles, RowCount())
        n = (yield [number])[number]
        sample = Elsewhere(doubles, Sample(tuple(keys), 3))
        rows = (yield [sample])[sample].to_pylist() if n else []
        if not rows:
            return
        private = self._private(added, other.schema, roles)
        hidden = any(a in roles.private or added.get(b) in private for a, b in pairs)
        examples = ["/".join(str(mask(x) if hidden else x) for x in row.values()) for row in rows]
        keyed = f"{counted(n, 'key')} ({', '.join(keys)})"
        message = f"join: {self.table!r} has {keyed} more than once, such as {listed(examples)}"
        many = "takes the last of the rows of one time" if self._times else "makes a row for each of them"
        raise RequestError(message, hint=f"make its keys unique; or `many: allow` {many}", code="repeated-keys")

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        values = list[list[str | int | float | bool | None]]
        return {"keys": list[str], "names": list[str], "kinds": list[str], "values": values} if self.lookup else None

    def shown(self, learned: Learned) -> Learned:
        return {"": {"rows": len(learned[""]["keys"])}} if self.lookup else learned

    # ── queries ──

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        if self.lookup:
            return looked_up(data, [schema[a] for a, _ in self._key], learned[""], self.indicator)
        other, names = self.further(self.table), data.names
        pairs = _on(self._key)
        if self.how in ("semi", "anti"):
            match = exp.Exists(this=exp.Select(expressions=[lit(1)]).from_(table(OTHER)).where(pairs))
            chosen = exp.Select(expressions=[_of(BELOW, c) for c in names]).from_(table(BELOW))
            return data.rows(chosen.where(match if self.how == "semi" else not_(match)), out=names, tables={OTHER: other.data})
        added = self._added(schema, other.schema)
        there = other.data if self.many == "error" or not self._times else self._last(other)
        below: Tree = table(BELOW)
        for time, times in self._times:
            search = AsOf(self._key, time, times, self.direction, self._within, self.allow_exact_matches)
            below, pairs = search.select(names, OTHER).subquery(BELOW), _on((*self._key, (MATCH, times)))
        made = {c: _of(BELOW, c) for c in names} | {here: _of(OTHER, c) for c, here in added.items()}
        if self.indicator:
            made[self.indicator] = not_null(_of(OTHER, (*self._key, *self._times)[0][1]))
        query = exp.Select(expressions=[alias(tree, name) for name, tree in made.items()]).from_(below)
        data = data.rows(query.join(table(OTHER), on=pairs, join_type=self.how), out=made, tables={OTHER: there})
        return self.hiding(data, _renamed(other.schema, added), self._private(added, other.schema, data.roles))

    def _last(self, other: Table) -> Dataset:
        """The other table with the last row for each key and time."""
        key = [b for _, b in (*self._key, *self._times)]
        order = [c.name for c in other.schema if c.name not in key and c.kind not in NO_ORDER]
        return Dedupe(tuple(key), keep="last").made(other.data, other.schema, {"": {"key": key, "order": order}})


def _renamed(schema: Schema, names: Mapping[str, str]) -> Schema:
    return Schema(tuple(replace(schema[c], name=name) for c, name in names.items()))


def _pairs(given: Any) -> Pairs:
    """Columns as pairs of a name here and a name there."""
    words = ((given,) if given else ()) if isinstance(given, str) else given
    return tuple((word, word) if isinstance(word, str) else (word[0], word[1]) for word in words)


def _of(owner: str, column: str) -> Tree:
    return exp.column(column, owner, quoted=True)


def _on(pairs: Iterable[tuple[str, str]]) -> Tree:
    return and_(*(eq(_of(BELOW, a), _of(OTHER, b)) for a, b in pairs))
