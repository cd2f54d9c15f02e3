"""The battery that every step passes, those of Tilth and of other packages.

    from tilth.testing.steps import check_step

    def test_my_step():
        check_step(MyStep("number"))

`sample_table` has a column of each kind: `number`, `whole`, `price`, `word`, `flag`, `day`, `moment`, `zoned`, and a `label` and an `id`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
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
from tilth.flow.loading import step_of, written
from tilth.steps.fitting import fit
from tilth.steps.step import ColumnStep, Fitted, Step
from tilth.testing.laws import backwards, embedded, in_memory, nulls, require, same

ROLES = Roles.of(label="label", id="id")
ODD = ("select", """it's a.b; "two" `back` -- 日本 {x}\nbreak""")  # names that must be quoted: a keyword, and all marks in one
PRICES = ("1.50", "-0.25", "0.00", "2.50", "2.50", "", "9.99", "1.50", "7.00", "7.00", "0.10", "3.33")
CLOSE = 1e-12  # relative: sums are added in another order elsewhere


def sample_table() -> pa.Table:
    """Twelve rows with a column of each kind; nulls, NaN, infinities, blanks and strings that must be quoted among them."""
    columns = {
        "number": pa.array([0.5, -1.5, None, 0.1, math.nan, 3.0, 3.0, -0.0, math.inf, -math.inf, 1e-300, 38.5816], pa.float64()),
        "whole": pa.array([1, 2, 2, None, -7, 2**53 + 1, 0, 5, 5, 5, None, 9], pa.int64()),
        "price": pa.array([Decimal(p) if p else None for p in PRICES]),
        "word": pa.array(["a", "b", "", " ", None, "it's", 'say "x"', "日本", "A", "a", "a", "b"], pa.string()),
        "flag": pa.array([True, False, None, True, True, False, True, True, None, False, True, False], pa.bool_()),
        "day": pa.array([date(2024, 1, d % 9 + 1) if d % 5 else None for d in range(12)], pa.date32()),
        "moment": pa.array([datetime(2024, 1, 1, d, 0, 0, d) if d % 4 else None for d in range(12)], pa.timestamp("us")),
        "zoned": pa.array([datetime(2024, 1, 1 + d % 3, tzinfo=UTC) for d in range(12)], pa.timestamp("us", "UTC")),
        "label": pa.array(["no"] * 9 + ["yes"] * 3, pa.string()),
        "id": pa.array(range(12), pa.int64()),
    }
    return pa.table(columns)


def check_step(step: Step, table: pa.Table | None = None, roles: Roles = ROLES, engine: Session | None = None) -> None:
    """Check the laws of a step on a table that it can learn from, by default the sample table.

    The step, its parameters and what it learned can be printed, and are the same after a round trip through JSON. The columns it makes
    depend on what it learned, never on the rows. The order of the rows changes nothing. Rows that are made for training have the same
    columns. A step of columns changes none that it was given where it makes others by `into`. A step that may be among `features` gives
    for one row alone, by the row function, what it gives for that row of the whole. On a table of no rows, of one row, of nulls only, of
    one value only, of infinities, with odd names, with another column or without one it works, or raises a `TilthError`; so it does on
    values that it has not learned from.

    Errors: AssertionError that names the broken law.
    """
    table = sample_table() if table is None else table
    battery = _Battery(step, roles, engine or embedded())
    for check in (battery.parameters, battery.whole, battery.beside, battery.variants):
        check(table)


def check_laws(step: Step, table: pa.Table, roles: Roles = ROLES, engine: Session | None = None) -> None:
    """The laws of `check_step` that hold for any single table, for random tables.

    Errors: AssertionError that names the broken law; `TilthError` if the step cannot learn from the table.
    """
    _Battery(step, roles, engine or embedded()).whole(table)


def dataset(table: pa.Table, roles: Roles = ROLES) -> Dataset:
    """A table as a dataset, read as every table is: NaN becomes null."""
    floats = [f.name for f in table.schema if pa.types.is_floating(f.type)]
    kept = {role: [c for c in columns if c in table.column_names] for role, columns in roles.named().items()}
    kept_roles = Roles.of(**{role: columns[0] if role in SINGLE else columns for role, columns in kept.items() if columns})
    return in_memory(table, kept_roles).change({n: NanToNull.of(col(n)) for n in floats}, decode=True)


def rows_of(data: Dataset, engine: Session) -> list[tuple[Any, ...]]:
    """The rows of a dataset."""
    return engine.rows(data, everything())


class _Battery:
    def __init__(self, step: Step, roles: Roles, engine: Session) -> None:
        self.step, self.roles, self.engine = step, roles, engine

    def fitted(self, table: pa.Table, step: Step | None = None) -> tuple[Fitted, Dataset]:
        data = dataset(table, self.roles)
        (fitted,), _ = fit([step or self.step], data, self.engine)
        return fitted, fitted.apply(data)

    def applied(self, fitted: Fitted, table: pa.Table) -> list[tuple[Any, ...]]:
        return rows_of(fitted.apply(dataset(table, self.roles)), self.engine)

    # ── the laws ──

    def parameters(self, table: pa.Table) -> None:
        step = self.step
        require(str(step).startswith(f"{step.name}("), f"{step!r} does not print its name")
        given = {f.name: getattr(step, f.name) for f in written(step)}
        again = step_of(type(step), json.loads(json.dumps(given)), self.roles)
        require(again == step, f"{step} is another step after a round trip through JSON")
        missing = {f.name for f in fields(step)} - step.documented().keys()
        require(not missing, f"{step.name}: parameters without a string below them: {missing}")

    def whole(self, table: pa.Table) -> None:
        fitted, data = self.fitted(table)
        rows = rows_of(data, self.engine)
        loaded = replace(fitted, learned=learned_from("step", entries_of("step", fitted.learned), fitted.schema))
        with_loaded = loaded.apply(dataset(table, self.roles))
        same_after = self.gives(with_loaded, data, rows)
        require(same_after, f"{self.step}: what was learned is not the same after a round trip")
        again, _ = self.fitted(backwards(table))
        require(close(again.learned, fitted.learned), f"{self.step} learns something else from the same rows in another order")
        require(same_rows(self.applied(fitted, backwards(table)), rows), f"{self.step} gives other rows for the same rows in another order")
        kinds = self.kinds(fitted, table, data)
        self.for_training(fitted, table, rows, data, kinds)
        self.reasons(fitted, table)
        if "features" in self.step.parts:
            self.one_by_one(fitted, table, rows, data)

    def gives(self, made: Dataset, like: Dataset, rows: list[tuple[Any, ...]]) -> bool:
        """Whether a table gives these rows, which another gives: made of the same rows in the same way, it need not be asked."""
        return made.layers == like.layers or same_rows(rows_of(made, self.engine), rows)

    def kinds(self, fitted: Fitted, table: pa.Table, data: Dataset) -> Schema:
        empty = fitted.apply(dataset(table.slice(0, 0), self.roles))
        made = self.engine.schema(data)
        same = empty.layers == data.layers or self.engine.schema(empty) == made
        require(same, f"{self.step}: its columns depend on the rows it is given")
        require(tuple(made.names) == data.names, f"{self.step} names other columns than it makes")
        return made

    def for_training(self, fitted: Fitted, table: pa.Table, rows: list[tuple[Any, ...]], data: Dataset, kinds: Schema) -> None:
        read = dataset(table, self.roles)
        none = fitted.apply(read, exp.false())
        require(self.gives(none, data, rows), f"{self.step} gives other rows where none is for training")
        whole = fitted.apply(read, exp.true())
        if whole.layers == data.layers:
            return
        require(self.engine.schema(whole) == kinds, f"{self.step} makes other columns for training")
        back = fitted.apply(dataset(backwards(table), self.roles), exp.true())
        same = same_rows(rows_of(whole, self.engine), rows_of(back, self.engine))
        require(same, f"{self.step} gives other rows for training for the same rows in another order")

    def reasons(self, fitted: Fitted, table: pa.Table) -> None:
        noted = {f"r{i}": if_else(tree, lit(1), lit(0)) for i, tree in enumerate(fitted.reasons().values())}
        if noted:
            rows_of(dataset(table, self.roles).change(noted), self.engine)

    def one_by_one(self, fitted: Fitted, table: pa.Table, rows: list[tuple[Any, ...]], data: Dataset) -> None:
        layers = [layer for layer in data.layers if isinstance(layer, Change)]
        require(len(layers) == len(data.layers), f"{self.step} may be among features, but changes which rows there are")
        one = row_function(layers, table.column_names)
        alone = [tuple(one(row).values()) for row in table.to_pylist()]
        require(same_rows(alone, rows), f"{self.step}: a row alone is not that row of the whole: {difference(alone, rows)}")
        for i in range(0, min(3, table.num_rows), 2):  # of the sample table one row with values, one with nulls
            single = self.applied(fitted, table.slice(i, 1))
            require(same_rows(single, [alone[i]]), f"{self.step}: a table of one row is not that row of the whole")

    def beside(self, table: pa.Table) -> None:
        if not isinstance(self.step, ColumnStep) or self.step.into or not self.step.keeps_rows:
            return
        _, data = self.fitted(table, replace(self.step, into="anew {column}"))
        require(set(table.column_names) <= set(data.names), f"{self.step} drops columns where it makes others `into` new ones")
        kept = rows_of(data.keep(table.column_names), self.engine)
        require(same_rows(kept, rows_of(dataset(table, self.roles), self.engine)), f"{self.step} changes columns that are to stay")

    # ── other tables ──

    def variants(self, table: pa.Table) -> None:
        for name, make in VARIANTS.items():
            for variant in make(table):
                self.works_or_rejects(name, self.step, variant)
        for name in _named(self.step, table):
            self.works_or_rejects(f"no column {name!r}", self.step, table.drop_columns([name]))
        self.unseen(table)
        self.odd_names(table)
        self.nothing_selected(table)

    def unseen(self, table: pa.Table) -> None:
        fitted, _ = self.fitted(table)
        try:
            self.applied(fitted, _filled(_filled(table, pa.types.is_string, "never seen"), pa.types.is_integer, 10**15))
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
            empty = fitted.apply(dataset(table.slice(0, 0), self.roles))
            same = empty.layers == data.layers or self.engine.schema(empty) == self.engine.schema(data)
            require(same, f"{step} on a table with {name}: its columns depend on the rows it is given")

    def odd_names(self, table: pa.Table) -> None:
        named = _named(self.step, table)
        for i in range(0, len(ODD) if named else 0, len(named) or 1):
            names = dict(zip(named, ODD[i:], strict=False))
            renamed = table.rename_columns([names.get(c, c) for c in table.column_names])
            self.works_or_rejects(f"columns {list(names.values())}", renamed_step(self.step, names), renamed)

    def nothing_selected(self, table: pa.Table) -> None:
        if isinstance(self.step, ColumnStep):
            fitted, data = self.fitted(table, replace(cast("Any", self.step), columns="no_such_*"))
            require(not fitted.learned, f"{self.step} learns something of no column")
            require(data.names == tuple(table.column_names), f"{self.step} changes a column that it was not given")


def _filled(table: pa.Table, wanted: Callable[[pa.DataType], bool], value: Any) -> pa.Table:
    """The table with one value in all columns of a type."""
    for i, field in enumerate(table.schema):
        if wanted(field.type):
            table = table.set_column(i, field, pa.array([value] * table.num_rows, field.type))
    return table


VARIANTS: Mapping[str, Callable[[pa.Table], Iterable[pa.Table]]] = {
    "no rows": lambda t: [t.slice(0, 0)],
    "one row": lambda t: [t.slice(0, 1), t.slice(2, 1)],
    "nulls only": lambda t: [nulls(t, 3)],
    "one value": lambda t: [t.take([0] * t.num_rows)],
    "infinities": lambda t: [_filled(t, pa.types.is_floating, math.inf)],
    "another column": lambda t: [t.append_column("another", pa.array(range(t.num_rows)))],
}


def renamed_step(step: Step, names: Mapping[str, str]) -> Step:
    """The same step for a table whose columns have other names. Names inside SQL are left as they are."""

    def rename(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(rename(v) for v in value)
        return names.get(value, value) if isinstance(value, str) else value

    changed: Any = step
    return replace(changed, **{name: rename(getattr(step, name)) for name in _naming(step)})  # type: ignore[no-any-return]


def _naming(step: Step) -> list[str]:
    """The parameters that may name columns: those that are not words of a closed list."""
    return [f.name for f in fields(step) if not str(f.type).startswith("Literal")]


def _named(step: Step, table: pa.Table) -> list[str]:
    """The columns of a table that a step's parameters name."""
    values = [getattr(step, name) for name in _naming(step)]
    words = {w for v in values for w in (v if isinstance(v, tuple) else (v,)) if isinstance(w, str)}
    return [c for c in table.column_names if c in words]


# ── equality ──


def same_rows(a: Iterable[tuple[Any, ...]], b: Iterable[tuple[Any, ...]]) -> bool:
    """Whether two lists hold the same rows, in any order; exactly, with zeros of both signs equal."""
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
