"""The engine of tests that are not about engines, and settings of Spark for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from tilth.engine.duckdb import DuckDB
from tilth.engine.session import Session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""A query of a test runs once, on a few rows: to generate Java for it and compile that is a third of all that Spark does in them."""
COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}  # Spark's own defaults


@cache
def _one() -> DuckDB:
    return DuckDB(threads=1)  # tables of a few rows: several threads would only take turns


def duckdb_session() -> Session:
    """A session of one DuckDB for the whole run: opening a database takes longer than most tests."""
    return _one().session()


close_duckdb = _one.cache_clear


@contextmanager
def changed(spark: SparkSession, settings: dict[str, str]) -> Iterator[SparkSession]:
    """The session with other settings meanwhile."""
    before = {key: spark.conf.get(key) for key in settings}
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        yield spark
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)
