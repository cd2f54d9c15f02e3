"""A profile job as a whole, from Python and the command line."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.aws.profile_jobs import job
from tilth.aws.profile_jobs.config import ProfileConfiguration
from tilth.aws.profile_jobs.job import json_of, profile_job
from tilth.errors import RequestError

N = 60
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=N)
TABLE = pa.table(
    {
        "n": [i % 7 for i in range(N)],
        "x": [None if i == 3 else float(v) for i, v in enumerate(X)],
        "large": [2**40 + i for i in range(N)],
        "s": ["", "a", "bb"] * (N // 3),
        "b": [True, False, None] * (N // 3),
        "day": [dt.date(2025, 1, 1)] * N,
        "mail": ["ada@example.org"] * N,
    }
)
TABLE = pa.concat_tables([TABLE, TABLE.slice(0, 2)])


def run(table=TABLE, session=None, private=(), **given):
    data = tilth.read(table, roles={"private": list(private)} if private else None)
    return profile_job(data, ProfileConfiguration.of(given), session or duckdb_session())


def test_the_result_has_the_names_of_the_service():
    result = run()
    assert (result["sampleSize"], result["duplicateRowsCount"]) == (62, 2)
    found = {c["name"]: c for c in result["columns"]}
    assert [(n, c["type"]) for n, c in found.items()] == [
        ("n", "int"), ("x", "double"), ("large", "bigint"), ("s", "string"), ("b", "boolean"), ("mail", "string"),
    ]  # fmt: skip
    assert list(found["b"])[2:] == ["distinctValuesCount", "uniqueValuesCount", "missingValuesCount", "entropy", "mostCommonValues"]
    assert found["b"]["missingValuesCount"] == 20
    assert found["s"]["missingValuesCount"] == 21 and found["s"]["max"] == 2
    assert {"zScoreOutliersCount", "valueDistribution", "percentile95", "interquartileRange", "medianAbsoluteDeviation"} <= set(found["x"])
    assert "sum" not in found["s"]
    json.loads(json_of(result))


def test_correlations_are_pearsons_of_the_first_numbers_or_of_those_selected():
    both = {c["name"]: c.get("correlations") for c in run()["columns"]}
    there = np.array([i for i in range(62) if i != 3])
    frame = np.column_stack([np.array(TABLE["n"])[there], np.array(TABLE["x"].fill_null(0))[there]])
    assert both["n"]["x"] == both["x"]["n"] == pytest.approx(np.corrcoef(frame.T)[0, 1], abs=1e-9)
    assert both["s"] is None

    def names(**parameters):
        statistics = {"Overrides": [{"Statistic": "CORRELATION", "Parameters": parameters}]}
        return [c["name"] for c in run(DatasetStatisticsConfiguration=statistics)["columns"] if "correlations" in c]

    assert names(columnNumber="2") == ["n", "x"]
    assert names(columnNumber="ALL") == ["n", "x", "large"]
    assert names(columnSelectors='[{"regex": "l.*"}, {"name": "n"}]') == ["n", "large"]


def test_columns_are_looked_at_one_by_one_where_the_table_is_large(monkeypatch):
    whole = run()
    monkeypatch.setattr(job, "most_rows", lambda columns: 10)
    assert run() == whole


def test_private_columns_have_no_statistics():
    found = {c["name"]: c for c in run(private=["mail", "n"])["columns"]}
    assert found["mail"] == {"name": "mail", "type": "string"}
    assert set(found["n"]) == {"name", "type"}
    assert "n" not in found["x"]["correlations"]


@pytest.mark.parametrize("table", [TABLE.slice(0, 0), pa.table({"x": pa.nulls(3, pa.float64()), "s": pa.nulls(3, pa.string())})])
def test_no_rows_and_no_values_have_counts_only(table):
    for c in run(table)["columns"]:
        assert {"distinctValuesCount", "uniqueValuesCount", "missingValuesCount", "mostCommonValues"} >= set(c) - {"name", "type"}
        assert c["missingValuesCount"] == len(table)


def test_infinities_are_values_without_size():
    (x,) = run(pa.table({"x": [1.0, 2.0, float("inf")]}))["columns"]
    assert (x["max"], x["mean"], x["distinctValuesCount"], x["missingValuesCount"]) == (2.0, 1.5, 3, 0)
    assert "Infinity" in json_of({"columns": [x]})


def test_duplicates_of_lists_are_refused_by_name():
    with pytest.raises(RequestError, match="DUPLICATE_ROWS_COUNT: l cannot be compared"):
        run(pa.table({"l": [[1], [2]], "x": [1, 2]}))
    without = run(pa.table({"l": [[1], [2]], "x": [1, 2]}), DatasetStatisticsConfiguration={"IncludedStatistics": ["NONE"]})
    assert [c["name"] for c in without["columns"]] == ["x"]


@pytest.mark.spark
def test_both_engines_give_the_same(spark):
    from tilth.engine.spark import Spark

    assert run(session=Spark(session=spark).session()) == run()


def test_columns_with_entities_have_the_allowed_statistics(recwarn):
    people = pa.table(
        {
            "mail": ["ada@example.org", "bob@example.org", "eve@example.org"],
            "card": ["4111 1111 1111 1111", "5555 5555 5555 4444", "4012 8888 8888 1881"],
            "full_name": ["Ada Lovelace", "Alan Turing", "Grace Hopper"],
            "n": [1, 2, 3],
        }
    )

    def found(entities, *allowed):
        asked = {"EntityTypes": entities, "AllowedStatistics": [{"Statistics": [s]} for s in allowed]}
        return {c["name"]: c for c in run(people, EntityDetectorConfiguration=asked)["columns"]}

    result = found(["USA_ALL"])
    assert result["mail"] == {"name": "mail", "type": "string"} and result["card"] == {"name": "card", "type": "string"}
    assert "distinctValuesCount" in result["full_name"] and "mean" in result["n"]
    assert [str(w.message).partition(": ")[2] for w in recwarn] == ["mail (EMAIL), card (CREDIT_CARD)"]
    result = found(["EMAIL", "PERSON_NAME"], "DISTINCT_VALUES_COUNT")
    assert result["mail"] == result["full_name"] | {"name": "mail"} == {"name": "mail", "type": "string", "distinctValuesCount": 3}
    assert len(result["card"]) > 3
