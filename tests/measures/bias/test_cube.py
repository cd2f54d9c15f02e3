"""The cube: how many scans, the same cells on every engine and by whichever scans, columns of too many values."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.measures.bias.tables import by_name, found, table_of
from tilth.engine.expressions import col, double, eq, lit
from tilth.errors import RequestError
from tilth.measures.bias import Facet, Weights, cube
from tilth.metrics.metric import Grouped, Where, measured

N = 3000
MANY = pa.table(
    {
        "sex": [("F", "M", None)[i * 7 % 13 % 3] for i in range(N)],
        "race": [f"r{i * 11 % 17 % 5}" for i in range(N)],
        "age": [18 + i * 31 % 73 for i in range(N)],
        "pay": [None if i % 50 == 0 else i * 7919 % 1000 / 8 for i in range(N)],
        "region": [f"g{i * 5 % 11}" for i in range(N)],
        "old": [i % 4 == 0 for i in range(N)],
        "label": [("yes", "no", "maybe", None)[i * i % 19 % 4] for i in range(N)],
        "weight": [0.5 + i % 3 for i in range(N)],
        "predicted": [("no", "yes", None)[i * 3 % 23 % 3] for i in range(N)],
    }
)
FACETS = [Facet("sex"), Facet("race"), Facet("age", ("(40, 65]",)), Facet("pay", quantiles=4), Facet("old", (True,))]
ASKED = {"facets": FACETS, "label": "label", "positive": "yes", "group": "region", "intersections": (("sex", "old"),)}


def near(x):
    return None if x is None else pytest.approx(x, rel=1e-12, abs=1e-12)


def told(findings):
    return [(f.name, f.group, f.value, f.low, f.high, dict(f.payload.to_json())) for f in findings]


def test_all_facets_are_counted_in_one_grouped_scan():
    engine = duckdb_session()
    found(table_of(MANY), engine, **{**ASKED, "facets": FACETS[:3], "intersections": ()})
    assert [p.title.startswith("row aggregates by sex, race") for p in engine.scans] == [True]


@pytest.mark.parametrize("joint", [cube.JOINT, 0])
def test_five_facets_each_value_against_the_rest_are_one_scan(monkeypatch, joint):
    monkeypatch.setattr(cube, "JOINT", joint)
    engine, names = duckdb_session(), [f"f{k}" for k in range(5)]
    table = pa.table(
        {name: [f"v{i * (k + 3) % 97 % (k + 2)}" for i in range(N)] for k, name in enumerate(names)} | {"y": [0, 1] * (N // 2)}
    )
    findings = found(table_of(table), engine, facets=names, label="y", positive=1)
    assert len({f.group for f in findings if f.name == "CI"}) == 2 + 3 + 4 + 5 + 6
    assert len(engine.scans) == 1


@pytest.mark.slow
def test_groups_of_each_facet_give_the_same(monkeypatch):
    joint = found(MANY, **ASKED, bootstrap=50)
    monkeypatch.setattr(cube, "JOINT", 0)
    engine = duckdb_session()
    assert told(found(table_of(MANY), engine, **ASKED, bootstrap=50)) == told(joint)
    assert sum(p.title.startswith("row aggregates by") for p in engine.scans) == 1  # by sets of keys, of which each has the label


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing():
    backwards = MANY.take(list(range(N))[::-1])
    assert told(found(backwards, **ASKED, bootstrap=50)) == told(found(MANY, **ASKED, bootstrap=50))


def test_what_else_is_asked_changes_no_facet():
    every = found(MANY, **ASKED, bootstrap=50)
    alone = found(MANY, **{**ASKED, "facets": FACETS[:1], "intersections": ()}, bootstrap=50)
    ours = {f.name: (f.value, f.low, f.high) for f in alone if f.group == "sex=F"}
    assert {f.name: (f.value, f.low, f.high) for f in every if f.group == "sex=F"} == ours


def test_renamed_strata_change_nothing():
    renamed = MANY.set_column(MANY.column_names.index("region"), "region", pa.array([f"z{r}" for r in MANY["region"].to_pylist()]))
    before, after = (by_name(found(t, **ASKED), "F")["CDDL"].value for t in (MANY, renamed))
    assert before == after


def test_every_row_twice_changes_only_the_intervals():
    types = {"types": {"pay": "continuous", "age": "continuous"}}
    once, twice = (found(t, **{**ASKED, "facets": FACETS[:3], **types}) for t in (MANY, pa.concat_tables([MANY, MANY])))
    assert [(f.name, f.group, f.value) for f in once] == [(f.name, f.group, near(f.value)) for f in twice]


EVERY = {"prediction": "predicted", "metrics": ("all",), "features": ("age", "old"), "strata": ("race",), "counts": True}


@pytest.mark.spark
@pytest.mark.parametrize("more", [{"weight": "weight", "missing": "as_category"}, EVERY, {"label": "pay", "positive": 60}], ids=str)
def test_spark_gives_the_same(spark, more):
    from tilth.engine.spark import Spark

    asked = {**ASKED, "facets": [f for f in FACETS if f.column != more.get("label")], "bootstrap": 50, **more}
    ours, theirs = found(MANY, **asked), found(table_of(MANY), Spark(session=spark).session(), **asked)
    assert [(f.name, f.group) for f in ours] == [(f.name, f.group) for f in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert [a.value, a.low, a.high] == [near(b.value), near(b.low), near(b.high)], (a.name, a.group)
        assert getattr(a.payload, "cells", ()) == getattr(b.payload, "cells", ())  # the table of counts; the cells of a confusion matrix
        assert a.payload.counts == pytest.approx(b.payload.counts, rel=1e-12) if "counts" in a.payload.to_json() else True


# ── the metric ──


def test_cells_count_null_as_a_key():
    metric = Grouped(Weights(), ("sex", "old"))
    cells = measured(table_of(MANY), [metric], duckdb_session())[metric]
    assert sum(n for n, _, _ in cells.values()) == N
    assert (None, True) in cells


def test_rows_without_a_weight_do_not_count():
    table = pa.table({"f": ["a", "a", "a", "b", "b"], "w": [1.0, None, -1.0, 0.0, float("inf")]})
    metric = Grouped(Weights(double(col("w"))), ("f",))
    assert measured(table_of(table), [metric], duckdb_session())[metric] == {"a": (1, 1.0, 1.0), "b": (0, 0, 0)}


ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["yes", "no", None]), st.sampled_from([0.5, 2.0, 0.0, None])), max_size=20
)
ENGINE = duckdb_session()


def cells(rows, condition=None):
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    kinds = (pa.string(), pa.string(), pa.float64())
    table = pa.table({n: pa.array(list(c), k) for n, c, k in zip("fyw", columns, kinds, strict=True)})
    cube = Grouped(Weights(col("w")), ("f", "y"))
    asked = cube if condition is None else Where(cube, condition)
    found = measured(table_of(table), [asked], ENGINE)[asked]
    return {cell: numbers for cell, numbers in found.items() if numbers[0]}


@pytest.mark.slow
@given(ROWS, ROWS)
def test_cells_of_two_parts_add_up_to_those_of_the_whole(a, b):
    first, second, whole = cells(a), cells(b), cells(a + b)
    summed = {c: tuple(x + y for x, y in zip(first.get(c, (0, 0, 0)), second.get(c, (0, 0, 0)), strict=True)) for c in first | second}
    assert summed == whole


@pytest.mark.slow
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_a_condition_that_is_true_change_no_cell(rows, random):
    found = cells(rows)
    assert cells(random.sample(rows, len(rows))) == found
    assert cells(rows, eq(lit(1), lit(1))) == found


# ── too many values ──


def test_columns_of_too_many_values_are_refused_all_at_once(monkeypatch):
    monkeypatch.setattr(cube, "WIDE", 100)
    table = MANY.append_column("id", pa.array([f"id{i}" for i in range(N)])).append_column("key", pa.array([f"k{i}" for i in range(N)]))
    with pytest.raises(RequestError) as error:
        found(table, facets=["id", "key", "sex"], label="label", positive="yes")
    assert [m.message for m in error.value.mistakes] == [
        f"column {c!r} has 3,000 different values, which are too many groups" for c in ("id", "key")
    ]


def test_a_facet_of_too_many_groups_is_refused():
    table = MANY.append_column("id", pa.array([f"id{i}" for i in range(N)]))
    with pytest.raises(RequestError, match="column 'id' has 3,000 different values"):
        found(table, facets=["id"], label="label", positive="yes")
    assert by_name(found(table, facets=[Facet("id", ("id7",))], label="label", positive="yes"), "id7")["CI"].payload.counts["n_d"] == 1


def test_a_group_variable_of_too_many_values_is_not_brought_here(monkeypatch):
    monkeypatch.setattr(cube, "WIDE", 100)
    table = MANY.append_column("id", pa.array([f"id{i}" for i in range(N)]))
    engine = duckdb_session()
    findings = found(table_of(table), engine, **{**ASKED, "group": "id"})
    assert by_name(findings, "F")["CDDL"].payload.error == (
        "Group variable id has 3,000 values in 3,000 rows: it is probably an identifier"
    )
    assert not any("id" in p.title.split(" by ")[-1].split(", ") for p in engine.scans if " by " in p.title)
