"""The facts of a run."""

from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tilth.engine.spark import Spark
from tilth.flow import Flow


def test_a_file_has_a_fingerprint_that_changes_with_it(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_text("x\n1\n2\n")
    first, again = (tilth.check(tilth.read(place), "Rules = [ RowCount = 2 ]").facts for _ in range(2))
    assert first.fingerprint.startswith("sha256:")
    assert (first.fingerprint, first.rows) == (again.fingerprint, 2)
    place.write_text("x\n1\n2\n3\n")
    assert tilth.check(tilth.read(place), "Rules = [ RowCount = 3 ]").facts.fingerprint != first.fingerprint


@pytest.mark.slow
@pytest.mark.parametrize("name", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_queries_show_no_values_of_a_private_column(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engine = Spark(request.getfixturevalue("spark")) if name == "spark" else None
    pay = [777_000_000 + i * i for i in range(40)]
    table = pa.table({"id": range(40), "pay": pay, "paid": ["yes", "no"] * 20})
    flow = Flow.parse("""
data: {roles: {id: id, label: paid, positive: yes, facet: pay, private: pay}}
split: {train: 0.5, test: 0.5}
features: [{scale: {columns: pay, with: minmax}}]
measure: [bias, profile]
""")
    report = tilth.run(flow, tmp_path / "out", data=table, engine=engine)
    read = [scan.query for scan in report.facts.scans if "pay" in scan.query]
    assert any("…" in query for query in read)
    shown = [*read, (tmp_path / "out/report.html").read_text().replace(",", "")]
    assert not [value for value in pay for text in shown if str(value) in text]
