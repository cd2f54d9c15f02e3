"""Long texts on Spark: no repeat that is taken to be safe calls itself until the stack is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlglot import exp

from tilth.regex import Regex

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

UNLIMITED = [
    r"(?:ab|c)*",
    r"^(?:ab|c)*$",
    "(a|b)*",
    r"^(?:\w+[ ,.])*$",
    "^[^,]*(?:,[^,]*)*$",
    "(?:(?:ab|cd)+;)+",
    "^.*x",
    "(?:ab)?c",
    "(?:a|bc){1,20}",
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=)?$",
    "(?:(ab)[cd]{2})*a",
    "^(?:ab)*?x",
]
LIMITED = ["(?:cat|car)+", r"^(?:[a-z0-9]{1,63}\.)+[a-z]{2,24}$", "(?:ab|c)*a", "(?:ab|c)*?d", "(?:ab|a){1,1000}"]


@pytest.mark.parametrize("text", UNLIMITED)
def test_no_limit(text: str) -> None:
    assert Regex.parse(text).spark_longest is None


@pytest.mark.parametrize("text", LIMITED)
def test_a_limit_of_some_hundred_characters_or_more(text: str) -> None:
    longest = Regex.parse(text).spark_longest
    assert longest is not None
    assert 300 < longest < 5_000


def test_intricate_rounds_have_less() -> None:
    simple, intricate = (Regex.parse(text).spark_longest for text in ("(?:ab|ac)*", "(?:(?:a?b?c?)(?:d?e?f?)g|x)*[ax]"))
    assert simple is not None
    assert intricate is not None
    assert intricate < simple


@pytest.mark.spark
def test_long_texts_do_not_end_the_session(spark: SparkSession) -> None:
    """The first texts are a hundred thousand characters long, the others as long as the limit allows; an overflow would end Spark."""
    units = ["ab", "abc", "ba", "word,", "field,", "abcd;", "abc", "ab", "abc", "base64==", "abcd", "ab"]
    asked = [(Regex.parse(text), unit, 100_000) for text, unit in zip(UNLIMITED, units, strict=True)]
    for text, unit in zip(LIMITED, ["cat", "a.", "ab", "ab", "ab"], strict=True):
        regex = Regex.parse(text)
        asked.append((regex, unit, regex.spark_longest or 0))
    expected = [regex.compile_python().search(unit * (length // len(unit))) is not None for regex, unit, length in asked]
    columns = [
        f"repeat('{unit}', cast(id AS int) + {length // len(unit)}) RLIKE {exp.Literal.string(regex.spark).sql('spark')}"
        for regex, unit, length in asked
    ]
    assert list(spark.range(1).selectExpr(*columns).collect()[0]) == expected
