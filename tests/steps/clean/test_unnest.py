"""unnest."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.engines import duckdb_session
from tests.steps.made import applied, dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.flow import Flow
from tilth.steps.clean.nest import Nest
from tilth.steps.clean.unnest import Unnest
from tilth.steps.fitting import fit
from tilth.steps.rows.explode import Explode
from tilth.testing.steps import check_step, rows_of, same_rows

PAYLOADS = ['{"device": "tv", "amount": 3}', '{"amount": 1.5, "tags": ["a", {"b": 1}]}', "no object", None, '{"ok": true, "device": null}']
EVENTS = {"id": [1, 2, 3, 4, 5], "payload": PAYLOADS}
PLACES = pa.table({"id": [1, 2, 3], "at": pa.array([{"x": 1, "city name": "Ulm"}, None, {"x": None, "city name": "Bonn"}])})


def test_fields_of_json_become_columns():
    assert made(Unnest("payload"), EVENTS) == {
        "id": [1, 2, 3, 4, 5],
        "payload_amount": [3.0, 1.5, None, None, None],
        "payload_device": ["tv", None, None, None, None],
        "payload_ok": [None, None, None, None, True],
        "payload_tags": [None, '["a",{"b":1}]', None, None, None],
    }


def test_fields_of_structs_become_columns():
    found = made(Unnest("at"), PLACES)
    assert found == {"id": [1, 2, 3], "at_x": [1, None, None], "at_city_name": ["Ulm", None, "Bonn"]}
    assert list(made(Unnest("at", fields=("x",), into="place"), PLACES)) == ["id", "at", "place_x"]


def test_elements_of_lists_become_columns():
    """Data Wrangler's `Flatten vector` has as many columns as the first list has elements; here it is the longest one."""
    lists = {"id": [1, 2, 3, 4], "l": [[1.5, 2.0], [3.0], None, []]}
    found = made(Unnest("l"), lists)
    assert found == {"id": [1, 2, 3, 4], "l_0": [1.5, 3, None, None], "l_1": [2, None, None, None]}
    named = fitted(Unnest("l", fields=("lat", "lon"), into="at"), lists)
    assert applied(named, {"id": [5], "l": [[1.0, 2.0, 3.0]]}) == {"id": [5], "l": [[1, 2, 3]], "at_lat": [1], "at_lon": [2]}


def test_columns_and_kinds_are_those_of_training():
    found = fitted(Unnest("payload"), {"payload": ['{"a": 1, "b": true, "c": 2.5}']})
    later = ['{"a": "one", "b": 1, "c": 3, "d": 4}', '{"a": 2.0, "b": false}', f'{{"a": {2**70}, "c": 1{"0" * 400}}}']
    assert applied(found, {"payload": later}) == {
        "payload_a": [None, 2, None],
        "payload_b": [None, False, None],
        "payload_c": [3.0, None, None],
    }


def test_strings_that_are_no_objects_are_counted():
    found = fitted(Unnest("payload"), EVENTS)
    (reason,) = found.reasons()
    assert reason == ("payload", "not a JSON object")
    wrong = ["[1]", "{", '{"amount": NaN}', "[" * 100_000]
    assert applied(found, {"payload": wrong})["payload_device"] == [None] * 4
    assert applied(found, {"payload": ['{"device": "\\ud800"}']})["payload_device"] == ["?"]


def test_a_row_is_served():
    flow = tilth.fit(Flow.parse("features: [{unnest: payload}]"), pa.table(EVENTS))
    assert flow.row({"id": 7, "payload": '{"amount": 2, "device": "tv"}'}) == {
        "id": 7,
        "payload_amount": 2.0,
        "payload_device": "tv",
        "payload_ok": None,
        "payload_tags": None,
    }


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    """The sample table of the battery has no nested values."""
    from tilth.engine.spark import Spark

    lists = pa.table({"id": [1, 2, 3], "l": pa.array([["a", "b"], [], None], pa.list_(pa.string()))})
    steps = [(Unnest("payload"), pa.table(EVENTS)), (Unnest("at"), PLACES), (Explode("l", place="n"), lists), (Unnest("l"), lists)]
    maps = pa.table({"id": [1, 2, 3], "m": pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int64()))})
    steps.append((Explode("m", place="n"), maps))
    steps += [(Nest("all", into="x", as_=way), pa.table({"a": [1, None], "b": [0.5, 2.0]})) for way in ("struct", "list", "json")]
    for step, table in steps:
        cluster, found = Spark(spark).session(), fitted(step, table)
        (again,), made_there = fit([step], dataset(table), cluster)
        assert again.learned == found.learned
        theirs = [tuple(v.asDict() if hasattr(v, "asDict") else v for v in row) for row in rows_of(made_there, cluster)]
        assert same_rows(rows_of(found.apply(dataset(table)), duckdb_session()), theirs), step


@pytest.mark.parametrize("step", [Unnest("payload"), Unnest("payload", fields=("amount", "other"), into="{column}!")], ids=str)
def test_it_keeps_the_promises_of_a_step(step):
    check_step(step, pa.table(EVENTS), Roles.of(id="id"), duckdb_session())


@pytest.mark.slow
def test_structs_and_lists_keep_them_too():
    check_step(Unnest("at"), PLACES, Roles.of(id="id"), duckdb_session())
    lists = pa.table({"id": [1, 2, 3, 4], "l": pa.array([["a", "b"], [], None, ["c", None, "d"]], pa.list_(pa.string()))})
    check_step(Unnest("l"), lists, Roles.of(id="id"), duckdb_session())


VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, min_size=1), min_size=1, max_size=5))
def test_what_json_writes_is_read(objects):
    """As Python's own `json` reads it, where the values of a field are of one kind."""
    found = made(Unnest("x"), {"x": [json.dumps(o) for o in objects]})
    for name in {n for o in objects for n in o}:
        values = [o.get(name) for o in objects]
        if len({type(v) for v in values if v is not None}) == 1:
            assert found[f"x_{name}"] == values


@pytest.mark.parametrize(
    ("given", "table", "message"),
    [
        ({"columns": "id"}, EVENTS, "has no fields: only structs"),
        ({"columns": "payload"}, {"payload": ["a", None]}, "holds no JSON object"),
        ({"columns": "at", "fields": ("y",)}, PLACES, "column 'at' has no field 'y'"),
        ({"columns": "payload", "most": 3}, EVENTS, "has 4 fields"),
        ({"columns": "payload"}, {**EVENTS, "payload_ok": [1] * 5}, "there is a column 'payload_ok' already"),
    ],
)
def test_what_is_refused(given, table, message):
    with pytest.raises(TilthError, match=message):
        made(Unnest(**given), table)


def test_private_fields_stay_private():
    roles = Roles.of(private="payload")
    with pytest.raises(TilthError, match="column 'payload' is private"):
        fitted(Unnest("payload"), EVENTS, roles)
    found = fitted(Unnest("payload", fields=("amount",)), EVENTS, roles).apply(dataset(EVENTS, roles))
    assert "payload_amount" in found.roles.private
