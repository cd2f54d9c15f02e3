"""The measure `sensitive`: verdicts of columns, the same on both engines."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.entities import catalogue
from tilth.entities.samples import accepted, drawn
from tilth.errors import ColumnError, NotAllowed, RequestError
from tilth.measures.sensitive.measure import Sensitive
from tilth.measures.sensitive.section import as_json
from tilth.report.text import to_text
from tilth.testing.measures import check_measure

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

N = 60


@cache
def people() -> pa.Table:
    random, entities = Random(3), catalogue()
    cards = [accepted(entities["CREDIT_CARD"], random) for _ in range(N)]
    texts = [
        ("please call me", f"card {cards[i]} of ann", "order 4111111111111111", "see support@shop.example.org")[i % 4] for i in range(N)
    ]
    return pa.table(
        {
            "id": range(N),
            "contact": [f"ann{i}@mail.example.org" if i % 3 else None for i in range(N)],
            "pan": cards,
            "sozial": [accepted(entities["AUSTRIA_SSN"], random) for _ in range(N)],
            "numbers": [drawn(entities["AUSTRIA_SSN"], random) for _ in range(N)],
            "comment": texts,
            "rare": ["SSN 536-90-4399" if i == 7 else "nothing" for i in range(N)],
            "first_name": [("Ann", "Bo", "Zoë")[i % 3] for i in range(N)],
            "religion": ["" for _ in range(N)],
            "born": pa.array([i * 300 for i in range(N)], pa.int32()).cast(pa.date32()),
            "joined": pa.array([i * 300 for i in range(N)], pa.int32()).cast(pa.date32()),
            "due": pa.array([19_000 + i for i in range(N)], pa.int32()).cast(pa.date32()),
            "number": [202_555_0100 + i for i in range(N)],
        }
    )


def verdicts(table: pa.Table, **options: object) -> dict[str, list[tuple[str, str]]]:
    report = tilth.measure(table, {"sensitive": options}, engine=duckdb_session())
    return {f.name: sorted((t.entity, t.verdict) for t in f.payload.types) for f in report.of("sensitive")}


def test_each_column_gets_its_verdict() -> None:
    assert verdicts(people()) == {
        "contact": [("EMAIL", "sensitive")],
        "pan": [("CREDIT_CARD", "sensitive")],
        "sozial": [("AUSTRIA_SSN", "sensitive")],  # its name says nothing, but every number has the check digit and a date
        "comment": [("CREDIT_CARD", "sensitive"), ("EMAIL", "sensitive")],
        "rare": [("USA_SSN", "present")],  # one cell of sixty, which a threshold of a tenth alone would miss
        "first_name": [("PERSON_NAME", "sensitive")],
        "religion": [("RELIGION", "suspected")],
        "born": [("DATE_OF_BIRTH", "sensitive")],
        "joined": [("DATE_OF_BIRTH", "suspected")],  # by its days, from 1970 to 2018
    }


@pytest.mark.slow
def test_countries_entities_and_columns_are_chosen() -> None:
    table = people()
    assert "sozial" not in verdicts(table, countries=("US",))
    assert verdicts(table, entities=("EMAIL",), never=("comment",)) == {
        "contact": [("EMAIL", "sensitive")],
        "first_name": [("PERSON_NAME", "sensitive")],
        "religion": [("RELIGION", "suspected")],
    }
    assert "contact" not in verdicts(table, entities=("EMAIL",), allow=("/@mail\\.example\\.org$/",))
    allowed = tilth.measure(table, {"sensitive": {"entities": "EMAIL", "allow": ["/@mail/"]}}, engine=duckdb_session())
    (scan,) = allowed.of("scan")
    assert scan.payload.allowed == ("contact: EMAIL in 40 values",) == tuple(as_json(allowed.findings)["allowed"])
    assert "Left out because it is allowed: contact: EMAIL in 40 values." in " ".join(to_text(allowed).split())
    own = {"name": "STAFF", "pattern": "mail[.]example[.]org|ann[0-9]+", "tier": "B"}
    assert ("STAFF", "sensitive") in verdicts(table, custom=[{**own, "pattern": "ann[0-9]+"}], entities=("IBAN",))["contact"]
    words = {"name": "WORDS", "pattern": "CARD|nothing", "tier": "B"}  # without a digit, by which numbers are found
    found = verdicts(table, custom=[words], entities=("IBAN",))
    assert (found["comment"], found["rare"]) == ([("WORDS", "sensitive")], [("WORDS", "sensitive")])
    with pytest.raises(ColumnError, match="nmae"):
        verdicts(table, never=("nmae",))
    with pytest.raises(RequestError, match="threshold"):
        verdicts(table, threshold=2)


def test_a_text_that_many_rows_have_is_a_constant() -> None:
    """An address in the footer of texts is that of a shop, not of a person; beside it others are found."""
    texts = [f"yours, support@shop.example.org {'or ann@mail.example.org' if i == 3 else ''}" for i in range(2000)]
    (found,) = tilth.measure(pa.table({"note": texts}), "sensitive", engine=duckdb_session()).of("sensitive")
    (email,) = found.payload.types
    assert (email.entity, email.verdict, email.cells, email.constants) == ("EMAIL", "present", 1, 1999)


def test_a_sample_says_what_it_may_have_missed() -> None:
    table = pa.table({"x": [f"row {i}" for i in range(30_000)]})
    report = tilth.measure(table, {"sensitive": {"mode": "sample", "sample_portion": 0.01}}, engine=duckdb_session())
    (scan,) = report.of("scan")
    assert (scan.payload.rows, scan.payload.looked_at, scan.value) == (30_000, 10_000, 0)
    said = "A sample of 10,000 of 30,000 rows (seed 0): where it has 0 hits, up to 0.03 % of rows may still contain one (95 %)."
    assert said in " ".join(to_text(report).split())


def names_of(texts: list[str]) -> list[list[tuple[int, int, str, float]]]:
    return [[(t.index("ann"), t.index("ann") + 3, "person_name", 0.9)] if " ann" in t else [] for t in texts]


def test_a_recogniser_of_ones_own_needs_permission() -> None:
    asked = {"recogniser": f"{__name__}:names_of"}
    with pytest.raises(NotAllowed):
        verdicts(people(), **asked)
    with tilth.allow_python():
        import sys

        sys.modules.setdefault(__name__, sys.modules[names_of.__module__])
        assert ("PERSON_NAME", "sensitive") in verdicts(people(), **asked)["comment"]


@pytest.mark.slow
def test_no_value_is_in_the_findings() -> None:
    report = tilth.measure(people(), "sensitive", engine=duckdb_session())
    found = as_json(report.findings)
    written = json.dumps(found) + to_text(report)
    assert not [v for row in people().to_pylist() for v in (row["contact"], row["pan"], row["sozial"]) if v and v in written]
    assert found["version"] == 1 and found["columns"][0]["types"][0]["entityType"] == "EMAIL"
    assert {"entityType", "cells", "share", "share_upper", "validated", "verdict", "hint"} <= found["columns"][0]["types"][0].keys()
    assert "- redact: {columns: [pan], with: mask, keep_right: 4}" in found["actions"]
    with_examples = tilth.measure(people(), {"sensitive": {"examples": True}}, engine=duckdb_session())
    assert "a*** (21 characters)" in to_text(with_examples)


@pytest.mark.spark
def test_both_engines_find_the_same(spark: SparkSession) -> None:
    from tilth.engine.spark import Spark

    check_measure(Sensitive(examples=True), tilth.read(people()), (duckdb_session(), Spark(spark).session()))
