"""The test battery for steps, those of Tilth and of other packages.

    from tilth.testing.steps import check_step

    def test_my_step():
        check_step(MyStep("number"))

`sample_table` has a column of each kind: `number`, `whole`, `price`, `word`, `flag`, `day`, `moment`, `zoned`, and a `label` and an `id`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import Any, cast

import pyarrow as pa
from sqlglot import exp

from tilth.data import Change, Dataset, Roles, Schema
from tilth.data.roles import SINGLE
from tilth.engine.expressions import col, if_else, lit
from tilth.engine.operations.numbers import NanToNull
from tilth.engine.row import row_function
from tilth.engine.session import Session, everything
from tilth.errors import TilthError
from tilth.flow.artefact import entries_of, learned_from
from tilth.flow.parameters import step_of, written
from tilth.steps.fitting import fit
from tilth.steps.step import ColumnStep, Fitted, Step
from tilth.testing.laws import embedded, in_memory, require, same
from tilth.testing.tables import Tables, sample, sample_table

__all__ = ["sample_table"]  # authors of steps import it from here

ROLES = Roles.of(label="label", id="id")
ODD = ("select", """it's a.b; "two" `back` -- 日本 {x}\nbreak""")  # names that must be quoted: a keyword, and special characters
CLOSE = 1e-12  # relative: other engines add in another order


def check_step(step: Step, table: pa.Table | None = None, roles: Roles = ROLES, engine: Session | None = None) -> None:
    """Check the laws of a step on a table that it can learn from, by default the sample table.

    - The step, its parameters and what it learned can be printed, and are the same after a round trip through JSON.
    - The columns that it makes depend on what it learned, never on the rows. The order of the rows changes nothing.
    - Rows that are made for training have the same columns. With `into`, the columns that the step was given are not changed.
    - A step for `features` gives the same for a single row, by the row function, as for that row of the table.
    - It works, or raises a `TilthError`, on tables without rows, with one row, with only nulls, one value or infinities, with odd names,
      with another column or without one, and on values that it has not learned from.

    Errors: AssertionError that names the broken law.
    """
    battery = _Battery(step, sample() if table is None else Tables(table), roles, engine or embedded())
    for check in (battery.parameters, battery.whole, battery.beside, battery.variants):
        check()


def check_laws(step: Step, table: pa.Table, roles: Roles = ROLES, engine: Session | None = None) -> None:
    """Check those laws of `check_step` that hold on any single table, such as a random one.

    Errors: AssertionError that names the broken law; `TilthError` if the step cannot learn from the table.
    """
    _Battery(step, Tables(table), roles, engine or embedded()).whole()


def dataset(table: pa.Table, roles: Roles = ROLES) -> Dataset:
    """A table as a dataset, decoded as when a table is read: NaN becomes null."""
    floats = [f.name for f in table.schema if pa.types.is_floating(f.type)]
    kept = {role: [c for c in columns if c in table.column_names] for role, columns in roles.named().items()}
    kept_roles = Roles.of(**{role: columns[0] if role in SINGLE else columns for role, columns in kept.items() if columns})
    return in_memory(table, kept_roles).change({n: NanToNull.of(col(n)) for n in floats}, decode=True)


def rows_of(data: Dataset, engine: Session) -> list[tuple[Any, ...]]:
    """The rows of a dataset."""
    return engine.rows(data, everything())


class _Battery:
    def __init__(self, step: Step, tables: Tables, roles: Roles, engine: Session) -> None:
        self.step, self.tables, self.roles, self.engine = step, tables, roles, engine

    def fitted(self, table: pa.Table, step: Step | None = None) -> tuple[Fitted, Dataset]:
        data = dataset(table, self.roles)
        (fitted,), _ = fit([step or self.step], data, self.engine)
        return fitted, fitted.apply(data)

    @cached_property
    def of_whole(self) -> tuple[Fitted, Dataset]:
        return self.fitted(self.tables.whole)

    def applied(self, fitted: Fitted, table: pa.Table) -> list[tuple[Any, ...]]:
        return rows_of(fitted.apply(dataset(table, self.roles)), self.engine)

    # ── the laws ──

    def parameters(self) -> None:
        step = self.step
        require(str(step).startswith(f"{step.name}("), f"{step!r} does not print its name")
        given = {f.name: getattr(step, f.name) for f in written(step)}
        again = step_of(type(step), json.loads(json.dumps(given)), self.roles)
        require(again == step, f"{step} is another step after a round trip through JSON")
        missing = {f.name for f in fields(step)} - step.documented().keys()
        require(not missing, f"{step.name}: parameters without a string below them: {missing}")

    def whole(self) -> None:
        table, (fitted, data) = self.tables.whole, self.of_whole
        rows = rows_of(data, self.engine)
        loaded = replace(fitted, learned=learned_from("step", entries_of("step", fitted.learned), fitted.schema))
        with_loaded = loaded.apply(dataset(table, self.roles))
        same_after = self.gives(with_loaded, data, rows)
        require(same_after, f"{self.step}: what was learned is not the same after a round trip")
        again, _ = self.fitted(self.tables.backwards)
        require(close(again.learned, fitted.learned), f"{self.step} learns something else from the same rows in another order")
        require(
            same_rows(self.applied(fitted, self.tables.backwards), rows), f"{self.step} gives other rows for the same rows in another order"
        )
        kinds = self.kinds(fitted, data)
        self.for_training(fitted, rows, data, kinds)
        self.reasons(fitted, table)
        if "features" in self.step.parts:
            self.one_by_one(fitted, rows, data)

    def gives(self, made: Dataset, like: Dataset, rows: list[tuple[Any, ...]]) -> bool:
        """Whether `made` has the given `rows` of `like`. If both have the same layers, no query is needed."""
        return made.layers == like.layers or same_rows(rows_of(made, self.engine), rows)

    def kinds(self, fitted: Fitted, data: Dataset) -> Schema:
        empty = fitted.apply(dataset(self.tables.empty, self.roles))
        made = self.engine.schema(data)
        same = empty.layers == data.layers or self.engine.schema(empty) == made
        require(same, f"{self.step}: its columns depend on the rows it is given")
        require(tuple(made.names) == data.names, f"{self.step} names other columns than it makes")
        return made

    def for_training(self, fitted: Fitted, rows: list[tuple[Any, ...]], data: Dataset, kinds: Schema) -> None:
        read = dataset(self.tables.whole, self.roles)
        none = fitted.apply(read, exp.false())
        require(self.gives(none, data, rows), f"{self.step} gives other rows where none is for training")
        whole = fitted.apply(read, exp.true())
        if whole.layers == data.layers:
            return
        require(self.engine.schema(whole) == kinds, f"{self.step} makes other columns for training")
        back = fitted.apply(dataset(self.tables.backwards, self.roles), exp.true())
        same = same_rows(rows_of(whole, self.engine), rows_of(back, self.engine))
        require(same, f"{self.step} gives other rows for training for the same rows in another order")

    def reasons(self, fitted: Fitted, table: pa.Table) -> None:
        noted = {f"r{i}": if_else(tree, lit(1), lit(0)) for i, tree in enumerate(fitted.reasons().values())}
        if noted:
            rows_of(dataset(table, self.roles).change(noted), self.engine)

    def one_by_one(self, fitted: Fitted, rows: list[tuple[Any, ...]], data: Dataset) -> None:
        table = self.tables.whole
        layers = [layer for layer in data.layers if isinstance(layer, Change)]
        require(len(layers) == len(data.layers), f"{self.step} may be among features, but changes which rows there are")
        one = row_function(layers, table.column_names)
        alone = [tuple(one(row).values()) for row in table.to_pylist()]
        require(same_rows(alone, rows), f"{self.step}: a row alone is not that row of the whole: {difference(alone, rows)}")
        for i, row in self.tables.alone.items():
            single = self.applied(fitted, row)
            require(same_rows(single, [alone[i]]), f"{self.step}: a table of one row is not that row of the whole")

    def beside(self) -> None:
        table = self.tables.whole
        if not isinstance(self.step, ColumnStep) or self.step.into or not self.step.keeps_rows:
            return
        _, data = self.fitted(table, replace(self.step, into="anew {column}"))
        require(set(table.column_names) <= set(data.names), f"{self.step} drops columns where it makes others `into` new ones")
        kept = rows_of(data.keep(table.column_names), self.engine)
        require(same_rows(kept, rows_of(dataset(table, self.roles), self.engine)), f"{self.step} changes columns that are to stay")

    # ── other tables ──

    def variants(self) -> None:
        for name, variant in self.tables.variants:
            self.works_or_rejects(name, self.step, variant)
        for name in _named(self.step, self.tables.whole):
            self.works_or_rejects(f"no column {name!r}", self.step, self.tables.without(name))
        self.unseen()
        self.odd_names()
        self.nothing_selected()

    def unseen(self) -> None:
        fitted, _ = self.of_whole
        try:
            self.applied(fitted, self.tables.unseen)
        except TilthError as error:
            require(error.exit_code == 2, f"{self.step} on values that it has not learned from: {error}")

    def works_or_rejects(self, name: str, step: Step, table: pa.Table) -> None:
        try:
            fitted, data = self.fitted(table, step)
            found = self.engine.table(self.engine.query(data, everything()))
        except TilthError as error:
            require(error.exit_code == 2, f"{step} on a table with {name}: {error}")
        else:
            require(tuple(found.column_names) == data.names, f"{step} on a table with {name} names other columns than it makes")
            empty = fitted.apply(dataset(self.tables.without_rows(table), self.roles))
            same = empty.layers == data.layers or self.engine.schema(empty) == self.engine.schema(data)
            require(same, f"{step} on a table with {name}: its columns depend on the rows it is given")

    def odd_names(self) -> None:
        named = _named(self.step, self.tables.whole)
        for i in range(0, len(ODD) if named else 0, len(named) or 1):
            names = dict(zip(named, ODD[i:], strict=False))
            self.works_or_rejects(f"columns {list(names.values())}", renamed_step(self.step, names), self.tables.renamed(names))

    def nothing_selected(self) -> None:
        table = self.tables.whole
        if isinstance(self.step, ColumnStep):
            fitted, data = self.fitted(table, replace(cast("Any", self.step), columns="no_such_*"))
            require(not fitted.learned, f"{self.step} learns something of no column")
            require(data.names == tuple(table.column_names), f"{self.step} changes a column that it was not given")


def renamed_step(step: Step, names: Mapping[str, str]) -> Step:
    """The same step for a table with renamed columns. Names inside SQL are not changed."""

    def rename(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(rename(v) for v in value)
        return names.get(value, value) if isinstance(value, str) else value

    changed: Step = replace(cast("Any", step), **{name: rename(getattr(step, name)) for name in _naming(step)})
    return changed


def _naming(step: Step) -> list[str]:
    """The parameters that may name columns: those without a closed list of words."""
    return [f.name for f in fields(step) if not str(f.type).startswith("Literal")]


def _named(step: Step, table: pa.Table) -> list[str]:
    """The columns of a table that are named by parameters of a step."""
    values = [getattr(step, name) for name in _naming(step)]
    words = {w for v in values for w in (v if isinstance(v, tuple) else (v,)) if isinstance(w, str)}
    return [c for c in table.column_names if c in words]


# ── equality ──


def same_rows(a: Iterable[tuple[Any, ...]], b: Iterable[tuple[Any, ...]]) -> bool:
    """Whether two lists hold exactly the same rows, in any order; 0.0 equals -0.0."""
    return Counter(map(_comparable, a)) == Counter(map(_comparable, b))


def difference(a: Iterable[tuple[Any, ...]], b: Iterable[tuple[Any, ...]]) -> str:
    """Some rows that are in one list only."""
    left, right = Counter(map(_comparable, a)), Counter(map(_comparable, b))
    return f"{list((left - right).elements())[:3]} and {list((right - left).elements())[:3]}"


def _comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_hashable(v) for v in row)


def _hashable(v: Any) -> Any:
    if isinstance(v, list | dict):
        return _comparable(tuple(v if isinstance(v, list) else v.items()))
    return ("NaN",) if isinstance(v, float) and v != v else v


def close(a: Any, b: Any) -> bool:
    """Whether two learned states are equal, except for the last digits of floats."""
    return same(a, b, CLOSE)
