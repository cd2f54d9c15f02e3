"""lookup_table, by the step that uses it."""

from datetime import date

import pyarrow as pa
import pytest

from tests.steps.made import applied, fitted, made, rows_of
from tilth.errors import RequestError
from tilth.steps.rows import lookup_table
from tilth.steps.rows.join import Join

DATA = {"customer": [2, 1, None, 4], "x": ["a", "b", "c", "d"]}
CUSTOMERS = pa.table({"id": [1, 2, 3, None], "city": ["Rome", None, "Oslo", "Bonn"], "since": [date(2024, 1, d) for d in (1, 2, 3, 4)]})
TABLES = {"customers": CUSTOMERS}


def test_a_lookup_table_gives_what_a_join_gives():
    key = {"customer": "id"}
    joined = made(Join("customers", key, indicator="known", tables=TABLES), DATA)
    kept = fitted(Join("customers", key, indicator="known", lookup=True, tables=TABLES), DATA)
    looked_up = applied(kept, DATA)
    assert list(joined) == list(looked_up)
    assert rows_of(joined) == rows_of(looked_up)
    assert looked_up["city"] == [None, "Rome", None, None]
    assert looked_up["known"] == [True, True, False, False]


def test_a_table_of_many_rows():
    """Up to ten keys, DuckDB looks them up in a list; more are joined."""
    table = pa.table({"k": range(300), "v": [f"v{i}" if i % 3 else None for i in range(300)], "d": [date(2024, 1, 1)] * 300})
    found = made(Join("t", "k", indicator="known", lookup=True, tables={"t": table}), {"k": [299, 3, 300, None]})
    assert (found["v"], found["known"]) == (["v299", None, None, None], [True, True, False, False])
    assert found["d"] == [date(2024, 1, 1)] * 2 + [None] * 2


def test_what_a_fitted_flow_cannot_keep(monkeypatch):
    def lookup(table, on="k"):
        return made(Join("t", on, lookup=True, tables={"t": pa.table(table)}), {"k": [1.5]})

    with pytest.raises(RequestError, match=r"infinite numbers \(v\)"):
        lookup({"k": [1.5], "v": [float("inf")]})
    with pytest.raises(RequestError, match=r"column 'v' .* cannot be kept in a fitted flow"):
        lookup({"k": [1.5], "v": [[1]]})
    with pytest.raises(RequestError, match="has 1 key"):
        lookup({"k": [1.5, 1.5], "v": [1, 2]})
    monkeypatch.setattr(lookup_table, "MOST_CELLS", 3)
    with pytest.raises(RequestError, match="'t' has 2 rows and 1 columns to join, too many to keep in a fitted flow"):
        lookup({"k": [1.5, 2.5], "v": [1, 2]})
