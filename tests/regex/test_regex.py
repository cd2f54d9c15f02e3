"""One meaning on DuckDB, Spark and Python: by cases, by random patterns on random texts, and on Spark in wide selects."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from tests.cases import cases
from tests.regex import patterns
from tilth.errors import ExpressionError
from tilth.regex import Regex, tree
from tilth.regex.parser import Parser
from tilth.regex.replacement import Replacement

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CASES = cases(Path(__file__).parent / "cases" / "meaning.yaml")
PATTERNS_ON_SPARK = 6 * settings.default.max_examples  # 90, and 3,000 of `make test-deep`
SELECT = 80  # expressions in one select of Spark


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def uses(regex: Regex) -> list[tuple[str, Regex]]:
    """All that can be done with the pattern: the name of the use, and the pattern for it."""
    found = [("search", regex), ("search", regex.full()), ("extract", regex)]
    return found if tree.may_be_empty(regex.tree) else [*found, ("replace", regex)]


def replacing(regex: Regex) -> Replacement:
    """A replacement with every group that can be named, and characters that engines escape."""
    groups = sorted(tree.groups(Parser(regex.text, numbered=True).tree))[:9]
    return regex.replacing("<$0|" + "".join(f"${n}0" for n in groups) + r"$>\\\$1")


def python(use: str, regex: Regex) -> Callable[[str], Any]:
    """What Python makes of a text; the pattern is compiled once."""
    if use == "replace":
        pattern, replacement = replacing(regex).python
        return partial(re.compile(pattern).sub, replacement)
    search = regex.compile_python().search
    if use == "search":
        return lambda text: search(text) is not None
    return lambda text: found[0] if (found := search(text)) else ""


def duckdb_sql(use: str, regex: Regex) -> str:
    if use == "replace":
        return f"regexp_replace(x, {', '.join(quoted(text, 'duckdb') for text in replacing(regex).duckdb)}, 'g')"
    pattern = quoted(regex.duckdb, "duckdb")
    return f"regexp_matches(x, {pattern})" if use == "search" else f"regexp_extract(x, {pattern}, 0)"


def spark_sql(use: str, regex: Regex) -> str:
    if use == "replace":
        return f"regexp_replace(x, {', '.join(quoted(text, 'spark') for text in replacing(regex).spark)})"
    pattern = quoted(regex.spark, "spark")
    return f"x rlike {pattern}" if use == "search" else f"regexp_extract(x, {pattern}, 0)"


def quoted(text: str, dialect: str) -> str:
    return exp.Literal.string(text).sql(dialect)


def on_duckdb(duck: duckdb.DuckDBPyConnection, expressions: list[str], texts: list[str]) -> list[tuple[Any, ...]]:
    return duck.execute(f"SELECT {', '.join(expressions)} FROM (SELECT unnest(?) AS x)", [texts]).fetchall()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["pattern"])
def test_a_pattern_finds_what_the_cases_say(case: dict[str, Any], duck: duckdb.DuckDBPyConnection) -> None:
    regex = Regex.parse(case["pattern"])
    texts = [*case["found"], *case.get("not", [])]
    expected = [text in case["found"] for text in texts]
    assert [regex.compile_python().search(text) is not None for text in texts] == expected
    assert [found for (found,) in on_duckdb(duck, [f"regexp_matches(x, {quoted(regex.duckdb, 'duckdb')})"], texts)] == expected


@st.composite
def drawn_patterns(draw: st.DrawFn) -> Regex:
    try:
        return Regex.parse(patterns.pattern(lambda options: draw(st.sampled_from(options))))
    except ExpressionError:
        assume(False)
        raise


TEXTS = st.lists(st.lists(st.sampled_from(patterns.LETTERS), max_size=10).map("".join), min_size=1, max_size=20)


@pytest.mark.slow
@given(regex=drawn_patterns(), texts=TEXTS)
def test_duckdb_and_python_agree(regex: Regex, texts: list[str], duck: duckdb.DuckDBPyConnection) -> None:
    asked = uses(regex)
    answers = on_duckdb(duck, [duckdb_sql(*use) for use in asked], texts)
    expected = [python(*use) for use in asked]
    assert [list(row) for row in answers] == [[answer(text) for answer in expected] for text in texts]


SYNTAX = [
    *r"ab0()[]{}|*+?.^$\-,:=!<>#P&~",
    "(?i)",
    "(?:",
    "(?=",
    "{2}",
    "{1,3}",
    r"\d",
    r"\b",
    r"\x4",
    "[[:alpha:]]",
    "é",
    "😀",
    "\n",
    "\ud800",
    "",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(SYNTAX), max_size=30).map("".join)))
def test_rubbish_is_refused_or_means_something(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        regex = Regex.parse(text)
    except ExpressionError as error:
        assert str(error)
        return
    with warnings.catch_warnings(action="error", category=FutureWarning):
        regex.compile_python()
    assert on_duckdb(duck, [f"regexp_matches(x, {quoted(regex.duckdb, 'duckdb')})"], ["ab0"]) == [(python("search", regex)("ab0"),)]


def seeded_patterns(count: int) -> Iterator[Regex]:
    chosen = random.Random(20240229)
    while count:
        try:
            regex = Regex.parse(patterns.pattern(chosen.choice))
        except ExpressionError:
            continue
        count -= 1
        yield regex


@pytest.mark.spark
def test_spark_and_python_agree(spark: SparkSession) -> None:
    """Every case and some hundred random patterns, in all their uses, on every text of the cases and some dozen random ones."""
    chosen = random.Random(7)
    texts = sorted({text for case in CASES for text in (*case["found"], *case.get("not", []))})
    texts += [patterns.text(chosen.choice, longest=10) for _ in range(60)]
    table = spark.createDataFrame(list(enumerate(texts)), "at int, x string").repartition(2).cache()
    asked = [
        use for regex in (*(Regex.parse(case["pattern"]) for case in CASES), *seeded_patterns(PATTERNS_ON_SPARK)) for use in uses(regex)
    ]
    for batch in batched_uses(asked):
        expected = [python(*use) for use in batch]
        rows = table.selectExpr("at", *(f"{spark_sql(*use)} AS c{at}" for at, use in enumerate(batch))).collect()
        differences = [
            (use[0], use[1].text, use[1].spark, texts[row[0]], answer, wanted)
            for row in rows
            for use, in_python, answer in zip(batch, expected, row[1:], strict=True)
            if answer != (wanted := in_python(texts[row[0]]))
        ]
        assert not differences, differences[:10]


def batched_uses(asked: list[Any]) -> Iterator[list[Any]]:
    return (asked[at : at + SELECT] for at in range(0, len(asked), SELECT))


def test_equal_meanings_are_equal() -> None:
    written = [r"\d\s", "[0-9][ \t\n\r\f]", r"(?:[\d])[\s]", r"[0-9](?:\s)"]
    assert len({Regex.parse(text) for text in written}) == 1
    assert Regex.parse("a") == Regex.parse("(a)")
    assert Regex.parse("a+") != Regex.parse("a*")


@pytest.mark.parametrize(("text", "top"), [("a|bc", True), ("(?:a|bc)", False), ("(a|b)c", False), ("(?i)a|b", True), (r"a\|b[|]", False)])
def test_an_alternation_at_the_top_is_seen(text: str, top: bool) -> None:
    assert Parser(text).is_alternation is top


@pytest.mark.parametrize("text", ["a|bc", "(?i)a|b", "^a|b$", "a", "a*?"])
def test_full_matches_the_whole_text(text: str) -> None:
    regex = Regex.parse(text)
    for sample in ["", "a", "B", "b", "bc", "abc", "ab", "a\n", "aa"]:
        assert (regex.full().compile_python().search(sample) is not None) == (regex.compile_python().fullmatch(sample) is not None)
