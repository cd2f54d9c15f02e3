"""Tables of a database as data of a flow."""

from __future__ import annotations

import pytest

import tilth

FLOW = """
data: {read: ["PLACE"]}
check: 'Rules = [ RowCount = 40, IsComplete "id" ]'
split: {train: 0.5, test: 0.5, by: hash(id)}
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_a_flow_reads_a_query(postgres, tmp_path, engine, request):
    from tilth.engine.spark import Spark

    (tmp_path / "f.yaml").write_text(FLOW.replace("PLACE", f"{postgres}&query=SELECT g AS id FROM generate_series(1, 40) AS g"))
    engine = Spark(request.getfixturevalue("spark")) if engine == "spark" else None
    report = tilth.run(tmp_path / "f.yaml", tmp_path / "out", engine=engine)
    assert report.passed
    assert tilth.write(tilth.read(tmp_path / "out/train")).num_rows + tilth.write(tilth.read(tmp_path / "out/test")).num_rows == 40


@pytest.mark.slow
def test_names(postgres):
    assert tilth.read(f"{postgres}&query=SELECT 1 AS a", names=["b"]).names == ("b",)
