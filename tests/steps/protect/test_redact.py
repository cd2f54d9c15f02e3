"""redact: what it leaves private, and tables that are hidden apart."""

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.keys import KEY
from tests.steps.made import columns_of, dataset, fitted
from tilth.data import Roles
from tilth.errors import FlowError
from tilth.flow.loading import parse_flow
from tilth.steps.fitting import fit
from tilth.steps.protect.redact import Redact


@pytest.mark.parametrize("way", ["hash", "shuffle"])
def test_what_is_made_of_a_private_column_is_private(way):
    step = Redact("x", with_=way, key=KEY, into="y", by="x" if way == "shuffle" else ())
    table, roles = {"x": ["a"]}, Roles.of(private="x")
    assert fitted(step, table, roles).apply(dataset(table, roles)).roles.private == ("x", "y")


def test_names_are_not_looked_for_once_they_are_hidden():
    find = "{redact: {columns: n, find: [PERSON_NAME], names: [who], with: replace}}"
    flow = "data: {{read: a.csv}}\nfeatures: [{}, {}]\n"
    hide = "{redact: {columns: [who], with: replace}}"
    assert parse_flow(flow.format(find, hide))
    with pytest.raises(FlowError, match="who is hidden by an earlier step") as error:
        parse_flow(flow.format(hide, find))
    assert [m.code for m in error.value.mistakes] == ["wrong-order"]


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_tables_that_are_hidden_apart_are_joined_as_before(engine, request):
    run = duckdb_session() if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    customers = pa.table({"id": [f"{i:07}" for i in range(50)], "age": range(50)})
    orders = pa.table({"customer": [f"{i % 60:07}" for i in range(90)] + [None, ""], "paid": range(92)})

    def hidden(table, column, **how):
        _, data = fit([Redact(column, key=KEY, domain="customer", **how)], dataset(table), run)
        return pa.table(columns_of(data, run))

    def joined(left, right):
        return sorted(left.join(right, "id", "customer", "inner").select(["age", "paid"]).to_pylist(), key=str)

    for how in ({}, {"with_": "token", "context": "person"}, {"with_": "format_preserving", "context": "person", "invalid": "null"}):
        left, right = hidden(customers, "id", **how), hidden(orders, "customer", **how)
        assert joined(left, right) == joined(customers, orders) and len(joined(left, right)) == 80
    apart = hidden(orders, "customer", with_="token")
    assert not joined(hidden(customers, "id", with_="token"), apart)  # their context is the name of the column
    people = pa.table({"n": ["of Ann", "of Ann", None], "who": ["Ann", "Bo", "Ann"]})
    found = hidden(people, "n", find=("PERSON_NAME",), names="who").column("n").to_pylist()
    assert found[0].startswith("of ") and found[0] != "of Ann" and found[1:] == ["of Ann", None]
