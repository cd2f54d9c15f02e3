"""join."""

from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.engines import duckdb_session
from tests.steps.made import dataset, fitted, made, rows_of
from tilth.data import Roles
from tilth.engine.dry_run import DryRun
from tilth.errors import ColumnError, FlowError, RequestError
from tilth.steps.rows.join import Join
from tilth.verbs import dry_run

DATA = {"customer": [2, 1, None, 4], "x": ["a", "b", "c", "d"]}
CUSTOMERS = pa.table({"id": [1, 2, 3, None], "city": ["Rome", None, "Oslo", "Bonn"], "since": [date(2024, 1, d) for d in (1, 2, 3, 4)]})
TABLES = {"customers": CUSTOMERS}


KEY = st.sampled_from([1, 2, 3, None])
NAME = st.sampled_from(["a", "b", None])


@pytest.mark.slow
@given(
    ours=st.lists(st.tuples(KEY, NAME), max_size=6),
    theirs=st.lists(st.tuples(KEY, NAME), max_size=6),
    how=st.sampled_from(["left", "inner"]),
    several=st.booleans(),
)
def test_it_is_pandas_merge(ours, theirs, how, several):
    """Except that null matches nothing, as in SQL: pandas matches nulls with each other."""
    keys = ["k", "n"] if several else ["k"]
    here = pa.table({"k": pa.array([k for k, _ in ours], pa.int64()), "n": pa.array([n for _, n in ours], pa.string())})
    there = pa.table({"k": pa.array([k for k, _ in theirs], pa.int64()), "n": pa.array([n for _, n in theirs], pa.string())})
    there = there.append_column("v", pa.array(range(len(theirs)), pa.int64()))
    theirs_with_keys = there.to_pandas().dropna(subset=keys)
    expected = here.to_pandas().merge(theirs_with_keys, how=how, on=keys, suffixes=("", "_2"))
    found = made(Join("t", tuple(keys), how=how, suffix="_2", many="allow", tables={"t": there}), here)
    assert list(found) == list(expected.columns)
    assert rows_of(found) == rows_of(expected.to_dict("list"))
    matched = here.to_pandas().merge(theirs_with_keys[keys].drop_duplicates(), on=keys)
    for semi in ("semi", "anti"):
        kept = made(Join("t", tuple(keys), how=semi, tables={"t": there}), here)
        assert len(kept["k"]) == (len(matched) if semi == "semi" else len(ours) - len(matched))


def test_names_of_the_added_columns():
    def names(**parameters):
        step = Join("customers", {"customer": "id"}, tables=TABLES, **parameters)
        return list(made(step, {**DATA, "city": [""] * 4}))[3:]

    assert names(columns="since") == ["since"]
    assert names(columns=("id", "since"), prefix="c_") == ["c_id", "c_since"]
    assert names(suffix="_there", indicator="known") == ["city_there", "since", "known"]
    with pytest.raises(RequestError, match="it would make 'city', but there is a column 'city' already") as error:
        names()
    assert "`suffix: _customers`" in str(error.value)
    with pytest.raises(RequestError, match="it would make 'X'"):
        names(columns="since", indicator="X")


def test_a_key_that_is_there_twice_is_an_error_with_examples():
    tables = {"t": pa.table({"id": [1, 1, 7, 7, 7, 9, None, None], "y": range(8)})}
    with pytest.raises(RequestError, match=r"'t' has 2 keys \(id\) more than once, such as [17], [17]") as error:
        made(Join("t", {"customer": "id"}, tables=tables), DATA)
    assert "`many: allow` makes a row for each of them" in str(error.value)
    assert made(Join("t", {"customer": "id"}, how="semi", tables=tables), DATA)["x"] == ["b"]
    assert len(made(Join("t", {"customer": "id"}, many="allow", tables=tables), DATA)["x"]) == 5
    with pytest.raises(RequestError, match=r"such as \*\*\*, \*\*\*"):
        made(Join("t", {"customer": "id"}, tables=tables), DATA, Roles.of(private="customer"))


def test_private_columns_stay_private():
    def private(roles, **parameters):
        step = Join("customers", {"customer": "id"}, tables=TABLES, **parameters)
        return fitted(step, DATA, roles).apply(dataset(DATA, roles)).roles.private

    assert private(Roles.of(private="x")) == ("x",)
    assert private(Roles.of(private="customer"), columns=("id", "city")) == ("customer", "id")
    assert private(Roles(), columns=("id", "city"), private="city") == ("city",)
    assert private(Roles.of(private="x"), columns="city", prefix="x_") == ("x",)
    for roles, more in ((Roles.of(private="customer"), {}), (Roles(), {"private": "city"})):
        with pytest.raises(RequestError, match="are private, and their values would become part of the fitted flow"):
            made(Join("customers", {"customer": "id"}, lookup=True, tables=TABLES, **more), DATA, roles)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "`on` names no column"),
        ({"on": "k", "how": "semi", "columns": "x"}, "`how: semi` adds no columns"),
        ({"on": "k", "how": "anti", "as_of": "t"}, "`how: anti` adds no columns"),
        ({"on": "k", "how": "inner", "indicator": "x"}, "`indicator` says nothing where `how` is inner"),
        ({"as_of": {"a": "b", "c": "d"}}, "several columns of times"),
        ({"as_of": "t", "tolerance": "1 month"}, "`tolerance` is '1 month'"),
        ({"on": "k", "direction": "forward"}, "are for a join by time"),
        ({"on": "k", "as_of": "t", "lookup": True}, "a row in, a row out"),
        ({"on": "k", "how": "inner", "lookup": True}, "a row in, a row out"),
    ],
)
def test_parameters_that_do_not_fit(parameters, message):
    with pytest.raises(RequestError, match=message):
        Join("t", **parameters)


def test_what_it_refuses():
    def joined(data=DATA, there=CUSTOMERS, **parameters):
        return made(Join("customers", tables={"customers": there}, **parameters), data)

    with pytest.raises(RequestError, match="no column 'customr'") as error:
        joined(on={"customr": "id", "x": "idd"})
    assert "the table 'customers' has no column 'idd'" in str(error.value)
    with pytest.raises(RequestError, match=r"column 'x' \(string\) cannot be compared with 'id' \(integer\) of 'customers'"):
        joined(on={"x": "id"})
    with pytest.raises(RequestError, match=r"column 'x' .* is not a time"):
        joined(on={"customer": "id"}, as_of={"x": "city"})
    with pytest.raises(RequestError, match="cannot be compared with 'since'"):
        joined({"t": [datetime(2024, 1, 1)]}, as_of={"t": "since"})
    with pytest.raises(RequestError, match="no column of 'customers' is selected"):
        joined(on={"customer": "id"}, columns="x*")
    with pytest.raises(RequestError, match="cannot be a key of a join"):
        joined({"k": [[1]]}, pa.table({"k": [[1]], "v": [1]}), on="k")
    with pytest.raises(RequestError, match="there is no table 'clients'") as error:
        made(Join("clients", "x", tables=TABLES), DATA)
    assert "`tables: {clients: PATH}`" in str(error.value)


def test_tables_without_rows_and_keys_without_values():
    empty = {"customers": CUSTOMERS.slice(0, 0)}
    for lookup in (False, True):
        step = Join("customers", {"customer": "id"}, lookup=lookup, tables=empty)
        assert made(step, DATA)["city"] == [None] * 4
        assert made(step, {"customer": pa.array([None], pa.int64())})["city"] == [None]
    assert made(Join("customers", {"customer": "id"}, how="anti", tables=empty), {"customer": [1]}) == {"customer": [1]}


# ── in a flow ──

FLOW = """
data: {read: orders.csv, tables: {customers: customers.parquet, shops: shops.csv}, nulls: ["?"], roles: {id: order, label: paid}}
rows:
  - join: {table: shops, on: shop, how: semi}
features:
  - join: {table: customers, on: {customer: id}, columns: [age, city], indicator: known, lookup: true}
  - impute: {columns: age, with: mean}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "orders.csv").write_text("order,customer,shop,paid\n1,7,a,yes\n2,8,a,no\n3,9,b,no\n4,7,c,no\n")
    (tmp_path / "shops.csv").write_text("shop,size\na,1\nb,?\n")
    pq.write_table(pa.table({"id": [7, 8], "age": [30, 50], "city": ["Rome", "Oslo"]}), tmp_path / "customers.parquet")
    (tmp_path / "flow.yaml").write_text(FLOW)
    return tmp_path


def test_a_flow_joins_its_tables_and_serves_rows(folder):
    report = tilth.run(folder / "flow.yaml", folder / "out")
    assert report.passed
    prepared = pq.read_table(folder / "out" / "all").to_pydict()
    assert prepared["age"] == [30.0, 50.0, 40.0]
    assert prepared["known"] == [True, True, False]
    served = tilth.Flow.load(folder / "out" / "flow.tilth")
    assert served.row({"order": 5, "customer": "8", "shop": "z", "paid": None})["city"] == "Oslo"
    assert served.row({"order": 5, "customer": 1, "shop": "z", "paid": None})["age"] == 40.0
    (step,) = [f for f in report.of("step") if f.part == "rows"]
    assert (step.payload.rows_in, step.payload.rows_out) == (4, 3)


def test_a_further_table_may_state_the_kinds_of_its_columns(folder):
    stated = FLOW.replace("shops: shops.csv", "shops: {read: shops.csv, types: {size: integer}}").replace(
        "on: shop, how: semi", "on: shop, columns: size}\n  - formula: {column: larger, expression: size + 1"
    )
    (folder / "flow.yaml").write_text(stated)
    tilth.run(folder / "flow.yaml", folder / "out")
    assert pq.read_table(folder / "out" / "all").to_pydict()["larger"] == [2, 2, None, None]  # shop b has ?, and there is no shop c
    (folder / "flow.yaml").write_text(stated.replace("size: integer", "colour: integer"))
    with pytest.raises(ColumnError, match="types: there is no column 'colour'"):
        tilth.run(folder / "flow.yaml", folder / "other")


def test_what_a_join_matched_is_in_the_report(folder):
    (folder / "flow.yaml").write_text(FLOW.split("rows:")[0] + "rows: [{join: {table: shops, on: shop}}]")
    (step,) = tilth.run(folder / "flow.yaml").of("step")
    assert step.payload.learned == {"": {"rows": 4, "matched": 3}}


def test_a_plan_shows_the_join(folder):
    session = DryRun(duckdb_session())
    dry_run(tilth.Flow.load(folder / "flow.yaml"), session)
    assert any("shops.csv" in scan.query or "EXISTS" in scan.query for scan in session.scans)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("table: shops", "table: shop", "there is no table 'shop'"),
        (", lookup: true", "", "`lookup: true` keeps the other table in the fitted flow"),
        ("how: semi", "how: right", "accepted: left, inner, semi"),
    ],
)
def test_a_mistake_in_a_flow_has_its_place(old, new, message):
    with pytest.raises(FlowError, match=message) as error:
        tilth.Flow.parse(FLOW.replace(old, new))
    assert error.value.mistakes[0].place.line in (4, 6)


def test_features_cannot_read_what_rows_join(folder):
    (folder / "flow.yaml").write_text(FLOW.replace("how: semi}", "columns: size}").replace("columns: age", "columns: size"))
    with pytest.raises(RequestError, match="features read size, which `join` of `rows` makes"):
        tilth.fit(folder / "flow.yaml")


def test_a_run_does_not_write_over_a_table(folder):
    (folder / "flow.yaml").write_text(FLOW.replace("customers.parquet", "out/customers.parquet"))
    (folder / "out").mkdir()
    (folder / "customers.parquet").rename(folder / "out" / "customers.parquet")
    with pytest.raises(RequestError, match="out"):
        tilth.run(folder / "flow.yaml", folder / "out")
    assert (folder / "out" / "customers.parquet").exists()
