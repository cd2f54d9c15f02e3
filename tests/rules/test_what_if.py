"""What rules notice of damaged data."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.rules.test_evaluate import dataset
from tilth.report import Outcome, Report
from tilth.report.text import to_plain_text
from tilth.rules import parse
from tilth.rules import what_if as module
from tilth.rules.damage import DAMAGES, damaged, others_of, with_buckets
from tilth.rules.evaluation import evaluate
from tilth.rules.what_if import Noticed

ROWS = 60
TABLE = pa.table(
    {
        "id": range(ROWS),
        "price": [1.5 * (i % 7) for i in range(ROWS)],
        "paid": [1.5 * (i % 7) + 1 for i in range(ROWS)],
        "state": ["new", "paid", "sent"] * (ROWS // 3),
        "free": [f"note {i}" for i in range(ROWS)],
        "day": [dt.date(2024, 3, 1) + dt.timedelta(i % 20) for i in range(ROWS)],
        "open": [i % 3 == 0 for i in range(ROWS)],
    }
)
RULES = """states = ["new", "paid", "sent"]
Rules = [
    RowCount between 50 and 70, IsPrimaryKey "id", ColumnValues "state" in $states, ColumnValues "day" < "2024-04-01",
    CustomSql "select count(*) from primary where paid <= price" = 0, ColumnValues "price" <= 15 where "open and price is not null",
    (IsComplete "price") OR (IsComplete "paid"), Mean "price" > 1000, DuplicateRowCount < 10
]"""
APART = TABLE.select(["price", "state", "day", "open", "free"])
SINGLE = """Rules = [
    RowCount between 50 and 70, ColumnValues "state" in ["new", "paid", "sent"], ColumnValues "day" < "2024-04-01",
    ColumnValues "price" <= 15 where "price is not null", IsComplete "open"
]"""  # rules of one column each: cheap
COUNT, KEY, STATE, DAY, PAID, CHEAP, EITHER, _, ONCE = map(str, parse(RULES).rules)


def noticed(report: Report) -> dict[tuple[str, ...], Noticed]:
    return {f.subject: f.payload for f in report.of(Noticed)}


@pytest.mark.slow
def test_what_rules_notice_is_what_fails_when_one_column_is_damaged() -> None:
    """All columns are damaged at once where rules read one; here each is damaged alone, and all rules are asked."""
    session = duckdb_session()
    report, data = tilth.check(TABLE, RULES, what_if=True, engine=session), dataset(TABLE)
    assert [f.name for f in report.failures()] == ['Mean "price" > 1000']  # the data itself is judged as ever
    found = noticed(report)
    schema, ruleset, held = session.schema(data), parse(RULES), with_buckets(data, session.schema(data))
    deviations: dict[str, Any] = {"id": 17.318, "price": 2.99, "paid": 2.99}  # close enough: rules need not see the last digits
    for column in schema:
        for damage in DAMAGES:
            tree = damage.make(column, others_of(schema).get(column.name), deviations.get(column.name))
            if tree is None:
                assert damage.name not in found[column.name,].damages
                continue
            done = evaluate(damaged(held, {column.name: tree}), ruleset, session, examples=0)
            failing = tuple(f.name for f in done.findings if f.outcome is not Outcome.PASSED and not f.name.startswith("Mean"))
            assert found[column.name,].damages[damage.name] == failing, (column.name, damage.name)
    assert found["state",].damages["new"] == found["state",].damages["padded"] == (STATE,)
    assert found["day",].damages == {"null": (DAY,), "+ 30 d": (DAY,)}
    assert found["price",].damages["+ 3 σ"] == (PAID, CHEAP)
    assert not any(found["free",].damages.values())
    assert found[()].damages == {"half": (COUNT,), "twice": (COUNT, KEY, ONCE)}


def test_columns_that_no_rule_protects_come_first_and_large_tables_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 40)
    report = tilth.check(APART, SINGLE, what_if=True)
    assert report.of(Noticed)[0].subject == ("free",)
    table = noticed(report)[()]
    assert table.sampled == 40
    assert table.unasked == (COUNT,)
    assert table.damages["half"] == (COUNT,)
    text = " ".join(to_plain_text(report).split())
    for words in ("No rule notices damage to free.", "in a sample of 40 rows", f"do not pass on the sample: {COUNT}."):
        assert words in text


@pytest.mark.spark
def test_both_engines_notice_the_same(spark: Any) -> None:
    from tilth.engine.spark import Spark

    on_spark, here = (noticed(tilth.check(APART, SINGLE, what_if=True, engine=e)) for e in (Spark(spark).session(), None))
    assert on_spark == here
