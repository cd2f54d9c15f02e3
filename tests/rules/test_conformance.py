"""The page's table of rule types is what runs, on both engines."""

from __future__ import annotations

import pytest

from tests.engines import duckdb_session
from tests.rules.conformance import PAGE, filled, fixtures, support, table
from tilth.rules import RULE_TYPES
from tilth.testing.laws import same


def test_the_page_says_what_runs() -> None:
    page = PAGE.read_text("utf-8")
    assert filled(page) == page, "run python -m tests.rules.conformance"


def test_every_type_is_run() -> None:
    assert list(dict.fromkeys(text.split()[0] for text in fixtures())) == list(RULE_TYPES)


@pytest.mark.spark
def test_spark_runs_the_same_with_the_same_results(spark) -> None:
    from tilth.engine.spark import Spark

    ours, theirs = support(duckdb_session()), support(Spark(spark).session())
    assert list(table(ours)) == list(table(theirs))
    for name, of in ours.items():
        for a, b in zip(of.results, theirs[name].results, strict=True):
            assert same(a, b), (a, b)
