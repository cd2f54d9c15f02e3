"""What becomes of a flow's table where rules fail, from the flow file to what is delivered and learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tilth import Flow
from tilth.errors import DataFailure, FlowError
from tilth.report import Report
from tilth.rules.row_output import FAILED_RULES

TABLE = pa.table({"no": range(1, 7), "age": [20.0, 30.0, None, 40.0, 900.0, None]})
FLOW = """
data: {roles: {id: no}}
check:
  rules: |
    Rules = [ ColumnValues "age" < 150 where "no > 3", RowCount > 9, IsPrimaryKey "no" ]
  on_fail: ON_FAIL
features: [{impute: {columns: age, with: mean}}]
"""


def flow(on_fail: str) -> Flow:
    return Flow.parse(FLOW.replace("ON_FAIL", on_fail))


def test_report_goes_on_as_rules_alone_do(tmp_path: Path) -> None:
    alone = Flow.parse(FLOW.replace("\n  rules: |\n  ", " |\n").replace("  on_fail: ON_FAIL\n", ""))
    assert (alone.check, alone.on_fail) == (flow("report").check, "report")
    report = tilth.run(flow("report"), tmp_path / "out", data=TABLE)
    assert not report.passed and tilth.read(tmp_path / "out/all").names == ("no", "age")
    assert not (tmp_path / "out/quarantine.parquet").exists()


def test_stop_delivers_nothing_and_learns_nothing_but_keeps_the_metrics(tmp_path: Path) -> None:
    with pytest.raises(DataFailure, match=r'ColumnValues "age" < 150(.|\n)*RowCount > 9') as raised:
        tilth.run(flow("stop"), tmp_path / "out", data=TABLE, history=tmp_path / "history.db")
    assert raised.value.exit_code == 1
    assert {path.name for path in tmp_path.iterdir()} == {"history.db"}
    with pytest.raises(DataFailure):
        tilth.fit(flow("stop"), TABLE)
    good = TABLE.slice(0, 2)
    passing = Flow.parse(FLOW.replace("ON_FAIL", "stop").replace("RowCount > 9", "RowCount = 2"))
    assert tilth.run(passing, tmp_path / "out", data=good).passed and (tmp_path / "out/all").exists()


def assert_quarantined(report: Report, out: Path) -> None:
    """Worked out by hand: row 5 is 900 years old, rows 3 and 6 have no age, and only row 6 is one that the rule is about."""
    apart = pq.read_table(out / "quarantine.parquet").to_pylist()
    rule = 'ColumnValues "age" < 150 where "no > 3"'
    assert sorted((row["no"], row["age"], tuple(row[FAILED_RULES])) for row in apart) == [(5, 900.0, (rule,)), (6, None, (rule,))]
    kept = tilth.write(tilth.read(out / "all")).to_pylist()
    assert {row["no"]: row["age"] for row in kept} == {1: 20.0, 2: 30.0, 3: 30.0, 4: 40.0}  # the mean of what is left
    (said,) = [f for f in report.findings if f.name == "QUARANTINE"]
    message = (
        "2 of 6 rows fail a rule and are left out (a delivery has them as quarantine.parquet); no rows can be left out for RowCount > 9"
    )
    assert (said.message, said.payload.details, report.passed) == (message, {"rows": 2, "of": 6}, False)


def test_quarantine_sets_rows_apart_in_everything_that_learns(tmp_path: Path) -> None:
    assert_quarantined(tilth.run(flow("quarantine"), tmp_path / "out", data=TABLE), tmp_path / "out")
    fitted = tilth.fit(flow("quarantine"), TABLE)
    assert fitted.row({"no": 9, "age": None})["age"] == 30.0
    assert Flow.load(fitted.save(tmp_path / "it.tilth")).on_fail == "quarantine"
    assert tilth.arrays(flow("quarantine"), source=TABLE).X.shape == (4, 1)


@pytest.mark.spark
def test_quarantine_on_spark(tmp_path: Path, spark: Any) -> None:
    from tilth.engine.spark import Spark

    assert_quarantined(tilth.run(flow("quarantine"), tmp_path / "out", data=TABLE, engine=Spark(spark)), tmp_path / "out")


@pytest.mark.parametrize(("check", "words"), [("{rules: x.dqdl, on_fail: halt}", "quarantine"), ("{on_fail: stop}", "rules")])
def test_mistakes(check: str, words: str) -> None:
    with pytest.raises(FlowError, match=words):
        Flow.parse(f"check: {check}")
