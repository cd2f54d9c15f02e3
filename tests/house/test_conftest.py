"""The fixtures that every test may use do what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser
    from pyspark.sql import SparkSession


@pytest.mark.spark
def test_the_spark_session_answers(spark: SparkSession) -> None:
    assert spark.sql("select 1 as one").toArrow().to_pydict() == {"one": [1]}


@pytest.mark.spark
def test_the_spark_session_keeps_texts_as_they_are(spark: SparkSession) -> None:
    """Substitution of variables in texts would leak the settings."""
    assert spark.sql(r"select '${spark.app.name}' as text").toArrow().to_pydict() == {"text": ["${spark.app.name}"]}


@pytest.mark.browser
def test_the_browser_shows_a_page(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_content("<title>a page</title>")
    assert page.title() == "a page"
    page.close()


def test_absent_shared_data_skips(shared_data: Callable[[str], Path]) -> None:
    with pytest.raises(pytest.skip.Exception, match="no such file is absent"):
        shared_data("no such file")
