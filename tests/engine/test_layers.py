"""From layers to one query: each layer makes what stands on it reads, and no more."""

from __future__ import annotations

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from tilth.data import Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import add, alias, all_rows, col, eq, lit
from tilth.engine.session import everything

ENGINE = DuckDB().session()
TABLE = pa.table({"a": [1, 2, 2], "b": [3, 4, 4], "c": [5, 6, 7]})


def data() -> Dataset:
    """Two changes, of which the second reads what the first makes."""
    return Dataset(Memory(TABLE, ("a", "b", "c"), id(TABLE))).change({"a": add(col("a"), lit(1)), "d": lit("x")}).change({"e": col("a")})


def ask(*trees: exp.Expression) -> exp.Select:
    return exp.Select(expressions=[alias(tree, f"m{i}") for i, tree in enumerate(trees)])


def made(text: str) -> list[list[str]]:
    """The columns that each layer of a query makes."""
    return [cte.this.named_selects for cte in sqlglot.parse_one(text, dialect="duckdb").find_all(exp.CTE)]


@pytest.mark.parametrize(
    ("query", "layers", "rows"),
    [
        (ask(exp.Sum(this=col("e"))), [["a"], ["e"]], [(8,)]),
        (ask(exp.Sum(this=col("a")), exp.Max(this=col("c"))), [["a", "c"], ["a", "c"]], [(8, 7)]),
        (ask(all_rows()), [["a"], ["a"]], [(3,)]),
        (everything(), [["a", "b", "c", "d"], ["a", "b", "c", "d", "e"]], [(2, 3, 5, "x", 2), (3, 4, 6, "x", 3), (3, 4, 7, "x", 3)]),
    ],
)
def test_a_layer_makes_what_is_read_of_it(query, layers, rows):
    assert made(ENGINE.query(data(), query)) == layers
    assert ENGINE.rows(data(), query) == rows


def test_rows_chosen_one_by_one_need_what_they_are_chosen_by():
    chosen = data().rows(everything().from_("below").where(eq(col("b"), lit(4))))
    query = ask(exp.Sum(this=col("c")))
    assert made(ENGINE.query(chosen, query))[:2] == [["b", "c"], ["b", "c"]]
    assert ENGINE.rows(chosen, query) == [(13,)]


def test_different_rows_are_different_in_all_their_columns():
    different = data().rows(everything().distinct().from_("below"))
    assert made(ENGINE.query(different, ask(all_rows())))[1] == ["a", "b", "c", "d", "e"]
    assert ENGINE.rows(different, ask(all_rows())) == [(3,)]


def test_changes_of_different_columns_in_turns_are_as_many_layers_as_one_column_has_changes():
    plain = Dataset(Memory(TABLE, ("a", "b", "c"), id(TABLE)))
    doubled = [plain := plain.change({c: add(col(c), col(c))}) for c in "abcabc"][-1]
    assert len(doubled.layers) == 2
    assert ENGINE.rows(doubled, everything()) == [(4, 12, 20), (8, 16, 24), (8, 16, 28)]


def test_a_change_stays_above_what_reads_the_column_as_it_was():
    changed = data().change({"b": col("a")}).change({"c": add(col("b"), col("c"))}).change({"b": lit(0)}).change({"f": col("c")})
    assert changed.names == ("a", "b", "c", "d", "e", "f")
    assert ENGINE.rows(changed, everything()) == [(2, 0, 7, "x", 2, 7), (3, 0, 9, "x", 3, 9), (3, 0, 10, "x", 3, 10)]
