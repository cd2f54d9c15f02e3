"""How a column is read, and which groups its values make."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.measures.bias.tables import by_name, found, table_of, warnings
from tilth.data import Kind
from tilth.errors import RequestError
from tilth.measures.bias import Facet, cube
from tilth.measures.bias.axis import ColumnFacts, is_ambiguous, quantiles, reading


def facts(kind, rows=1000, distinct=1, low=None, high=None, whole=False, present=None, booleans=False):
    return kind, ColumnFacts(rows, rows if present is None else present, distinct, low, high, whole, booleans)


@pytest.mark.parametrize(
    ("column", "configured", "stated", "expected"),
    [
        pytest.param(facts(Kind.STRING, distinct=2), ["a"], "continuous", "continuous", id="1 as stated"),
        pytest.param(facts(Kind.FLOAT, distinct=900), [1.5, 2.5], None, "categorical", id="2 several values"),
        pytest.param(facts(Kind.INTEGER, distinct=2), ["(20, 40]"], None, "continuous", id="3 an interval"),
        pytest.param(facts(Kind.BOOLEAN, distinct=2), [True], None, "categorical", id="4 boolean"),
        pytest.param(facts(Kind.DATE, distinct=900), ["2024-01-01"], None, "categorical", id="4 date"),
        pytest.param(facts(Kind.STRING, rows=3, distinct=3, whole=True, booleans=True), [True], None, "categorical", id="4 true and false"),
        pytest.param(facts(Kind.STRING, distinct=50, whole=True), ["7"], None, "continuous", id="5 integer strings, u = 0.05"),
        pytest.param(facts(Kind.STRING, distinct=49, whole=True), ["7"], None, "categorical", id="5 integer strings, u < 0.05"),
        pytest.param(facts(Kind.STRING, rows=4, distinct=2, whole=True), ["1"], None, "categorical", id="5 two integer strings"),
        pytest.param(facts(Kind.STRING, distinct=900), ["7.5"], None, "categorical", id="6 other strings"),
        pytest.param(facts(Kind.INTEGER, rows=10, distinct=2, low=0, high=1, whole=True), [1], None, "categorical", id="7 two integers"),
        pytest.param(facts(Kind.INTEGER, distinct=50, low=0, high=99, whole=True), [40], None, "continuous", id="8 u = 0.05"),
        pytest.param(facts(Kind.INTEGER, distinct=49, low=0, high=99, whole=True), [40], None, "categorical", id="8 u < 0.05"),
        pytest.param(facts(Kind.FLOAT, distinct=20, present=900, whole=True), [40], None, "categorical", id="9 whole with gaps"),
        pytest.param(facts(Kind.FLOAT, distinct=900, present=900, whole=True), [40], None, "continuous", id="9 then 8"),
        pytest.param(facts(Kind.FLOAT, distinct=2, low=0.0, high=1.0, whole=True), [1], None, "categorical", id="10 the larger of two"),
        pytest.param(facts(Kind.FLOAT, distinct=2, low=0.0, high=1.0, whole=True), [0], None, "continuous", id="10 not the smaller"),
        pytest.param(facts(Kind.FLOAT, distinct=2, low=0.0, high=1.0, whole=True), [2], None, "continuous", id="10 none of them"),
        pytest.param(facts(Kind.FLOAT, distinct=3, low=0.0, high=1.0), [1], None, "continuous", id="11 other floats"),
        pytest.param(facts(Kind.DECIMAL, distinct=300, low=0.0, high=1.0), [1], None, "continuous", id="11 decimals"),
        pytest.param(facts(Kind.INTEGER, rows=0, distinct=0), [1], None, "categorical", id="no rows"),
    ],
)
def test_the_first_line_that_applies_decides(column, configured, stated, expected):
    assert reading(*column, configured, stated) == expected


def test_an_integer_column_near_the_limit_is_ambiguous():
    """3 to 100 values, and 0.01 to 0.25 distinct values per row."""
    assert is_ambiguous(*facts(Kind.INTEGER, rows=1000, distinct=40))
    assert not is_ambiguous(*facts(Kind.INTEGER, rows=1000, distinct=2))
    assert not is_ambiguous(*facts(Kind.INTEGER, rows=1000, distinct=5))
    assert not is_ambiguous(*facts(Kind.INTEGER, rows=1000, distinct=300))
    assert not is_ambiguous(*facts(Kind.FLOAT, rows=1000, distinct=40))


@given(st.lists(st.integers(-9, 9) | st.floats(-5, 5), min_size=1, max_size=30), st.integers(1, 6))
def test_quantiles_of_counted_values_are_those_of_numpy(values, parts):
    counts = {float(x): [float(v) for v in values].count(float(x)) for x in values}
    assert quantiles(counts, parts) == pytest.approx(np.quantile(values, np.arange(parts + 1) / parts), rel=1e-9, abs=1e-12)


# ── groups ──


def sides(column, facet=None, n=None, engine=None, **asked):
    """The names of a facet's groups, with a label that is 1 in every second row."""
    column = column if isinstance(column, pa.Array) else pa.array(column)
    table = pa.table({"x": column, "y": [i % 2 for i in range(len(column))]})
    findings = found(table, engine, facets=[facet or Facet("x")], label="y", positive=1, metrics=("CI",), **asked)
    return list(dict.fromkeys(f.payload.facet_value for f in findings if f.kind == "bias"))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param(["b", "a", None, "B", ""], ["", "B", "a", "b"], id="strings"),
        pytest.param([True, False, None], ["False", "True"], id="booleans"),
        pytest.param([2, 10] * 5, ["2", "10"], id="integers"),
        pytest.param([dt.date(2024, 2, 1), dt.date(2024, 1, 1)], ["2024-01-01", "2024-02-01"], id="dates"),
        pytest.param(pa.array([1.0, 2.0, None] * 40), ["1.0", "2.0"], id="whole floats with gaps"),
    ],
)
def test_without_values_each_value_is_a_group_in_ascending_order(column, expected):
    assert sides(column) == expected


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        pytest.param([30, 50] * 5, (50,), "50", id="two integers are categories"),
        pytest.param(list(range(30, 90)), (40,), "(40, 89]", id="continuous integers"),
        pytest.param([0.5 + x for x in range(60)], (40,), "(40.0, 59.5]", id="continuous floats"),
        pytest.param([str(x) for x in range(30, 90)], (40,), "(40, 89]", id="continuous integer strings"),
        pytest.param(["1.5", "2.5"], ("2.5",), "2.5", id="strings with a point are categories"),
        pytest.param([30, 50, 60] * 5, ("(20, 50]",), "(20, 50]", id="an interval"),
        pytest.param(["pl", "ro", "de"], ("pl", "ro"), "pl,ro", id="several values"),
    ],
)
def test_configured_values_are_one_group_by_its_name(column, values, expected):
    assert sides(column, Facet("x", values)) == [expected]


def test_a_threshold_leaves_its_own_value_out():
    table = {"x": list(range(1, 101)), "y": [1, 0] * 50}
    got = by_name(found(table, facets=[Facet("x", (40,))], label="y", positive=1), "(40, 100]")
    assert got["CI"].payload.counts["n_d"] == 60


def test_continuous_columns_need_a_threshold():
    with pytest.raises(RequestError, match="no threshold is given"):
        sides([x / 7 for x in range(100)])
    with pytest.raises(RequestError, match="'old' is not a number"):
        sides([x / 7 for x in range(100)], Facet("x", ("old",)))


def test_a_stated_reading_wins():
    assert sides(list(range(6)), types={"x": "categorical"}) == ["0", "1", "2", "3", "4", "5"]
    assert sides([1, 2, 3] * 50, Facet("x", (1,)), types={"x": "continuous"}) == ["(1, 3]"]


def test_a_numeric_facet_is_cut_into_quantiles_where_it_has_many_values():
    assert sides(list(range(1, 101)), Facet("x", quantiles=4)) == ["[1, 26)", "[26, 51)", "[51, 76)", "[76, 100]"]
    assert sides([1, 2, 3] * 10, Facet("x", quantiles=4)) == ["1", "2", "3"]
    assert sides([0] * 80 + list(range(1, 15)), Facet("x", quantiles=4)) == ["[0, 0]", "(0, 14]"]  # all quarters are 0
    assert sides([1.0] * 80 + [i / 100 for i in range(15)], Facet("x", quantiles=4)) == ["[0.0, 1.0)", "[1.0, 1.0]"]
    assert sides(["a", "b"], Facet("x", quantiles=4)) == ["a", "b"]


def test_every_row_is_in_one_quantile():
    table = {"x": [float(i % 37) for i in range(500)], "y": [i % 2 for i in range(500)]}
    findings = found(table, facets=[Facet("x", quantiles=4)], label="y", positive=1, metrics=("CI",))
    assert sum(f.payload.counts["n_d"] for f in findings) == 500


def test_nan_is_missing_and_infinity_is_a_number():
    column = pa.array([float("nan"), float("inf"), 1.5, 2.5, -0.0, 0.0] * 3)
    table = pa.table({"x": column, "y": [1, 0] * 9})
    got = by_name(found(table, facets=[Facet("x", (2,))], label="y", positive=1), "(2.0, inf]")
    assert got["CI"].payload.counts == {"n_a": 9, "n_d": 6, **{k: v for k, v in got["CI"].payload.counts.items() if k.count("_") > 1}}
    assert got["CI"].payload.n_excluded == 3


def test_an_ambiguous_integer_column_is_warned_of():
    table = {"x": [i % 40 for i in range(500)], "y": [i % 2 for i in range(500)]}
    findings = found(table, facets=[Facet("x", (20,))], label="y", positive=1)
    assert "40 different values in 500 rows and is read as continuous" in warnings(findings)["AMBIGUOUS_TYPE"].message
    assert "AMBIGUOUS_TYPE" not in warnings(found(table, facets=[Facet("x", (20,))], label="y", positive=1, types={"x": "continuous"}))
    assert "AMBIGUOUS_TYPE" not in warnings(found(table, facets=[Facet("x", ("(20, 39]",))], label="y", positive=1))


YEARS = {"x": [i % 16 for i in range(3_200)], "y": [i % 3 % 2 for i in range(3_200)]}  # 16 values in 3,200 rows: categories
AGES = {"x": [i * 37 % 150 for i in range(300)], "y": [i % 2 for i in range(300)]}  # 150 values in 300 rows: numbers
FLOATS = {"x": [1.5, 2.0, 2.5, 3.0] * 20, "y": [0, 1] * 40}
NULLS = {"x": [1.0, None, 3.0, 4.0] * 40, "y": [0, 1] * 80}  # what frames make of integers with nulls


@pytest.mark.parametrize(
    ("table", "number", "read", "both"),
    [
        (YEARS, 12, "value", "12 is a value: rows that equal it are selected"),
        (AGES, 40, "threshold", "40 is a threshold: rows above it are selected"),
        (NULLS, 3, "value", "3 is a value: rows that equal it are selected"),
        (YEARS, 15, "value", ""),  # none is larger
        (AGES, 40.5, "threshold", ""),  # it is no value of the column
        (FLOATS, 2.0, "threshold", ""),
        ({"x": [0, 1] * 20, "y": [0, 1, 1, 0] * 10}, 0, "value", ""),  # of two values nobody means the larger one by the smaller
    ],
)
def test_how_a_number_is_read_is_said_and_warned_of_where_both_are_possible(table, number, read, both):
    findings = found(table, facets=[Facet("x", (number,))], label="y", positive=1)
    assert {f.payload.facet_read for f in findings if f.kind == "bias"} == {read}
    assert {f.payload.label_read for f in findings if f.kind == "bias"} == {"value"}
    said = [f.message for f in findings if f.name == "VALUE_OR_THRESHOLD"]
    assert len(said) == bool(both)
    assert all(both in message and "it could be read the other way. State it: types: {x: " in message for message in said)


def test_what_is_stated_is_not_warned_of():
    stated = found(YEARS, facets=[Facet("x", (12,))], label="y", positive=1, types={"x": "continuous"})
    assert "VALUE_OR_THRESHOLD" not in warnings(stated)
    assert {f.payload.facet_read for f in stated if f.kind == "bias"} == {"threshold"}
    several = found(YEARS, facets=[Facet("x", (12, 13))], label="y", positive=1)
    assert {f.payload.facet_read for f in several if f.kind == "bias"} == {""}


def test_values_of_a_continuous_column_are_warned_of():
    table = {"x": list(range(100)), "y": [i % 2 for i in range(100)]}
    findings = found(table, facets=[Facet("x", (20, 40))], label="y", positive=1)
    assert "rows that equal one of them" in warnings(findings)["VALUES_ON_CONTINUOUS"].message
    assert by_name(findings, "20,40")["CI"].payload.counts["n_d"] == 2


def test_a_value_that_no_row_has_gives_a_warning_with_the_nearest_one():
    findings = found({"x": ["Male", "Female"], "y": [1, 0]}, facets=[Facet("x", ("female",))], label="y", positive=1)
    assert warnings(findings)["NO_SUCH_VALUE"].message.endswith("did you mean 'Female'?")


@pytest.mark.parametrize(("first", "wide"), [(7, 200), (100, 3), (1000, 0)])
def test_the_first_rows_decide_how_is_counted_and_nothing_else(monkeypatch, first, wide):
    columns = {
        "i": [x % 60 for x in range(300)],
        "f": [x % 60 / 4 for x in range(300)],
        "w": [None if x % 9 == 0 else float(x % 5) for x in range(300)],
        "b": [float(x % 2) for x in range(300)],
        "t": [str(x % 60) for x in range(300)],
        "y": [x * 7 % 3 for x in range(300)],
    }
    asked = {
        "facets": [Facet("i", (30,)), Facet("i", quantiles=3), Facet("f", (7,)), Facet("w"), Facet("b", (1,)), Facet("t", ("20",))],
        "label": "y",
        "positive": 2,
        "types": {"t": "continuous"},
    }
    whole = found(columns, **asked)
    monkeypatch.setattr(cube, "FIRST", first)
    monkeypatch.setattr(cube, "WIDE", wide)
    large = found(columns, **asked)
    assert [(f.name, f.group, f.value, f.payload.to_json()) for f in whole] == [
        (f.name, f.group, f.value, f.payload.to_json()) for f in large
    ]


def test_odd_names_are_names():
    odd = 'a "b" `c`.d\'e select 性'
    table = pa.table({odd: ["x", "y"] * 4, "y": [1, 0, 0, 1] * 2})
    assert by_name(found(table, facets=[Facet(odd, ("x",))], label="y", positive=1), "x")["DPL"].value == 0.0


def test_a_list_cannot_be_a_facet():
    with pytest.raises(RequestError, match="column 'x' is list"):
        found({"x": [[1], [2]], "y": [1, 0]}, facets=["x"], label="y", positive=1)


def test_the_first_look_is_not_a_scan():
    engine = duckdb_session()
    found(table_of({"f": ["a", "b"], "y": [1, 0]}), engine, facets=["f"], label="y", positive=1)
    assert [p.title for p in engine.scans] == ["row aggregates by f, y"]
