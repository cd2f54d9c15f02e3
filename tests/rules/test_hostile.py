"""Rulesets by strangers: what a query or condition tries beyond its tables is refused, and what takes too long or too much is stopped."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cases import cases
from tests.engines import duckdb_session
from tests.rules.cases import FOLDER, evaluate
from tests.rules.test_evaluate import dataset
from tilth.engine.user_sql.writing import rule_sql
from tilth.errors import RulesError
from tilth.report import Outcome
from tilth.rules import parse
from tilth.rules.language.syntax import Rule, Ruleset

CASES = cases(FOLDER / "hostile.yaml")
MARKER = "do-not-read-8641"
TABLE = pa.table({"a": range(20_000), "k": [1] * 20_000, "s": [f"x{i}" for i in range(20_000)]})


def chain(first: str, step: str, last: str, n: int = 40) -> str:
    """A WITH of n selects, each made of the one before."""
    names = [f"c{i}" for i in range(n + 1)]
    made = [f"c0 as ({first})", *(f"{name} as ({step.format(below)})" for below, name in pairwise(names))]
    return f"with {', '.join(made)} {last.format(names[-1])}"


GROWING = {
    "the length of the text": f"select 1 from primary -- {'x' * 3_000_000}",
    "parentheses": f"select {'(' * 9_000}1{')' * 9_000} from primary",
    "signs": f"select {'- ' * 9_000}1 from primary",
    "negations": f"select count(*) from primary where {'not ' * 4_000}true",
    "sub-queries": f"select count(*) from {'(select * from ' * 300}primary{')' * 300}",
    "rows": chain("select a from primary", "select a from {0} union all select a from {0}", "select count(*) from {0}"),
    "joins": chain("select a from primary", "select x.a from {0} x join {0} y on x.a = y.a", "select count(*) from {0}"),
    "columns": chain("select * from primary", "select *, * from {0}", "select count(*) from {0}"),
    "aliases": f"select a + a as b0, {', '.join(f'b{i} + b{i} as b{i + 1}' for i in range(40))} from primary",
    "calls": f"select {'nullif(' * 30}a{', 2)' * 30} from primary",
    "strings": chain("select s from primary", "select concat(s, s, s, s) as s from {0}", "select max(length(s)) from {0}"),
}
STOPPED = {
    "longer than": "select count(*) from primary p join primary q on p.k = q.k join primary r on q.k = r.k",
    "more": "select p.a from primary p, primary q where p.a < q.a + 20000",
}


@pytest.fixture
def planted(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "secret.csv"
    path.write_text(f"a,s\n1,{MARKER}\n")
    pq.write_table(pa.table({"a": [1], "s": [MARKER]}), tmp_path / "a.parquet")
    return path


def hostile(secret: Path) -> list[str]:
    """A rule of each text."""
    written = {"{secret}": str(secret), "{folder}": str(secret.parent)}

    def filled(text: str) -> str:
        for word, path in written.items():
            text = text.replace(word, path)
        return rule_sql(text)

    queries = [filled(q) for texts in CASES["queries"].values() for q in texts]
    return [
        *(f"CustomSql {q} > 0" for q in queries),
        *(f"CustomSql {q}" for q in queries),
        *(f"CustomSql {rule_sql(q)} > 0" for q in GROWING.values()),
        *(f"RowCount > 0 where {filled(c)}" for c in CASES["conditions"]),
        *(f'Completeness "a" > 0 where {filled(c)}' for c in CASES["conditions"]),
    ]


def parsed(rule: str) -> list[Rule]:
    """The rule; none where the language refuses it."""
    with suppress(RulesError):
        return [*parse(f"Rules = [ {rule} ]").leaves]
    return []


def assert_refused(engine, secret: Path) -> None:
    before = {p: p.read_bytes() for p in secret.parent.rglob("*") if p.is_file()}
    rules = Ruleset(rules=tuple(r for text in hostile(secret) for r in parsed(text)))
    found = evaluate(dataset(TABLE), rules, engine)
    passed = [f.name for f in found if f.outcome is not Outcome.ERROR or MARKER in str(f) or "cannot be evaluated" in f.message]
    assert (passed, len(found) > 450) == ([], True)
    assert {p: p.read_bytes() for p in secret.parent.rglob("*") if p.is_file()} == before


def assert_stopped(engine) -> None:
    for says, query in STOPPED.items():
        rules = parse(f"Rules = [ CustomSql {rule_sql(query)} > 0, RowCount > 0 ]")
        stopped, other = evaluate(dataset(TABLE), rules, engine, sql_seconds=0.3)
        assert (stopped.outcome, other.outcome) == (Outcome.ERROR, Outcome.PASSED) and says in stopped.message, stopped.message


@pytest.mark.slow
def test_hostile_texts_are_refused(planted, caplog):
    assert_refused(duckdb_session(), planted)
    assert caplog.text == ""


@pytest.mark.slow
def test_a_query_that_takes_too_long_or_gives_too_much_is_stopped():
    assert_stopped(duckdb_session())


@pytest.mark.spark
def test_a_join_that_would_send_a_large_table_to_all_is_stopped_on_spark(spark, monkeypatch):
    from tilth.engine.spark import Spark
    from tilth.engine.spark import engine as module

    engine = Spark(spark).session()
    monkeypatch.setattr(module, "MOST_SENT", "100KB")
    query = "select count(*) from primary p left join primary q on p.a < q.a - 19990"
    rules = parse(f"Rules = [ CustomSql {rule_sql(query)} > 0, RowCount > 0 ]")
    stopped, other = evaluate(dataset(TABLE), rules, engine)
    assert (stopped.outcome, other.outcome) == (Outcome.ERROR, Outcome.PASSED) and "broadcast" in stopped.message, stopped.message
    assert engine.own.conf.get(module.SENT) != "100KB"


@pytest.mark.spark
def test_on_spark_too(spark, planted):
    from tilth.engine.spark import Spark

    engine = Spark(spark).session()
    assert_refused(engine, planted)
    assert_stopped(engine)
