"""Values as people write them, from files to served rows: a flow mends them, and a served row gets what a table gets."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

import tilth
from tilth.engine.duckdb import DuckDB
from tilth.flow import Flow
from tilth.flow.step_changes import StepChanges

ROWS = 40
MESSY = {
    "price": ["$35,000.00", "$1,099", "$7", "(12.50)"],
    "rate": ["13.99%", "5%", "0.5 %", "100%"],
    "population": ["1,099", "12", "1,234,567", "999"],
    "share": ["0,45", "1,5", "12", "-0,01"],
    "weight": ["10 kg", "500 g", "3kg", "0.25 kg"],
    "sold": ["31/12/2012", "01/02/2013", "3/4/2014", "29/02/2012"],
    "seen": ["Feb-23-2017", "Dec-01-2016", "sep-3-2015", "May-31-2018"],
    "opened": ["2/23/2017 4:05 PM", "12/1/2016 12:00 AM", "9/3/2015 11:59 am", "5/31/2018 12:30 PM"],
    "member": ["yes", "no", "Yes", "NO"],
    "zip": ["02138", "10001", "00501", "94105"],
    "code": ["000017", "000003", "120000", "000999"],
    "born": ["2012-12-31", "2001-01-01", "1999-05-05", "2024-02-29"],
}
EXPECTED = {
    "price": [35000.0, 1099.0, 7.0, -12.5],
    "rate": [0.1399, 0.05, 0.005, 1.0],
    "population": [1099.0, 12.0, 1234567.0, 999.0],
    "share": [0.45, 1.5, 12.0, -0.01],
    "weight": [10.0, 0.5, 3.0, 0.25],
    "sold": [date(2012, 12, 31), date(2013, 2, 1), date(2014, 4, 3), date(2012, 2, 29)],
    "seen": [date(2017, 2, 23), date(2016, 12, 1), date(2015, 9, 3), date(2018, 5, 31)],
    "opened": [datetime(2017, 2, 23, 16, 5), datetime(2016, 12, 1), datetime(2015, 9, 3, 11, 59), datetime(2018, 5, 31, 12, 30)],
    "member": [True, False, True, False],
    "zip": MESSY["zip"],
    "code": MESSY["code"],
    "born": [date(2012, 12, 31), date(2001, 1, 1), date(1999, 5, 5), date(2024, 2, 29)],
}
FLOW = """
data: {{read: {name}, roles: {{id: n}}}}
split: {{train: 0.5, test: 0.5}}
features:
  - parse: {{columns: [price, population], as: number}}
  - parse: {{columns: rate, as: number}}
  - parse: {{columns: share, as: number, decimal: ","}}
  - parse: {{columns: weight, as: number, units: {{kg: 1, g: 0.001}}}}
  - parse: {{columns: sold, as: date, like: 31/12/2012}}
  - parse: {{columns: seen, as: date, like: Feb-23-2017}}
  - parse: {{columns: opened, as: timestamp, format: "%m/%d/%Y %I:%M %p"}}
  - parse: {{columns: member, as: boolean}}
  - parse: {{columns: born, as: date}}
"""


def table() -> pa.Table:
    return pa.table({"n": list(range(ROWS))} | {name: [values[i % 4] for i in range(ROWS)] for name, values in MESSY.items()})


@pytest.fixture(params=["csv", "parquet"])
def flow(request: pytest.FixtureRequest, tmp_path: Path) -> Flow:
    write = {"csv": csv.write_csv, "parquet": parquet.write_table}[request.param]
    write(table(), str(tmp_path / f"messy.{request.param}"))
    (tmp_path / "flow.yaml").write_text(FLOW.format(name=f"messy.{request.param}"))
    return tilth.fit(tmp_path / "flow.yaml", engine=DuckDB())


def test_a_flow_mends_them_in_files_and_in_served_rows(flow: Flow) -> None:
    made = tilth.write(tilth.apply(flow, table().slice(0, 4)))
    assert made.select(list(EXPECTED)).to_pydict() == EXPECTED
    assert [flow.row(row) for row in table().slice(0, 4).to_pylist()] == made.to_pylist()


@pytest.mark.parametrize("part", ["rows", "features"])
def test_what_cannot_be_read_is_null_and_counted(part: str, tmp_path: Path) -> None:
    spoilt = table().set_column(1, "price", pa.array(["six", *MESSY["price"] * 9, "1,09", None, ""]))
    (tmp_path / "flow.yaml").write_text(f"{part}: [{{parse: {{columns: price, as: number}}}}]")
    report = tilth.run(tmp_path / "flow.yaml", tmp_path / "out", spoilt)
    (found,) = (f.payload for f in report.findings if isinstance(f.payload, StepChanges))
    assert found.cells_changed == {"price": {"not a number": 2}}
