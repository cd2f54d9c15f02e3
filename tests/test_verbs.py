"""The verbs together: fit, apply and one row agree; frames of other libraries go in and come out; two engines leave the same."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.engines import changed
from tests.house.tree import ROOT
from tilth.demo.loans import write_loans
from tilth.errors import ColumnError
from tilth.flow import Flow
from tilth.flow.split_checks import ORDER
from tilth.report import Finding, Payload

FLOW = """
data:
  nulls: ["?", "N/A"]
  roles: {label: approved, positive: "yes", id: application_id, private: [name, email, phone, account, note]}
split: {train: 0.8, test: 0.2, by: hash(application_id)}
features:
  - select: ["!private", "!disbursed_at", "!applied_at", "!employed_since"]
  - impute: {columns: numeric, with: median}
  - scale: {columns: numeric}
  - encode: {columns: categorical, with: one_hot}
"""


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loans") / "loans.csv"
    write_loans(path, 600, 1)
    return path


@pytest.fixture(scope="module")
def fitted(loans: Path) -> Flow:
    return tilth.fit(Flow.parse(FLOW), loans)


def alike(a: Any, b: Any) -> bool:
    """Equal to the last bit, null with null."""
    return a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b))


def test_one_row_alone_is_that_row_of_the_whole(fitted: Flow, loans: Path) -> None:
    raw = tilth.write(tilth.read(loans, nulls=["?", "N/A"])).to_pylist()
    whole = tilth.write(tilth.apply(fitted, loans)).to_pylist()
    assert len(raw) == len(whole) == 600
    for before, after in zip(raw, whole, strict=True):
        row = fitted.row(before)
        assert {k for k in after if not alike(row[k], after[k])} == set()


@pytest.mark.slow
def test_a_saved_flow_is_the_flow(fitted: Flow, loans: Path, tmp_path: Path) -> None:
    again = Flow.load(fitted.save(tmp_path / "loans.tilth"))
    row = tilth.write(tilth.read(loans, nulls=["?", "N/A"])).to_pylist()[0]
    assert again.row(row) == fitted.row(row)
    assert tilth.write(tilth.apply(again, loans)).to_pylist() == tilth.write(tilth.apply(fitted, loans)).to_pylist()


@pytest.mark.slow
def test_verbs_take_and_give_the_frames_of_other_libraries(fitted: Flow, loans: Path) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    table = tilth.write(tilth.read(loans, nulls=["?", "N/A"]))
    expected = tilth.write(tilth.apply(fitted, table))
    for format_ in ("pandas", "polars", "duckdb"):
        given = tilth.write(tilth.read(table), format=format_)
        assert tilth.write(tilth.apply(fitted, given)).to_pylist() == expected.to_pylist()
        assert tilth.check(given, "Rules = [ RowCount = 600 ]").passed


def test_an_applied_table_learns_nothing(fitted: Flow, loans: Path) -> None:
    before = fitted.learned
    tilth.apply(fitted, pa.table({name: pa.array([None], pa.string()) for name in tilth.read(loans).names}))
    assert fitted.learned is before


@pytest.mark.slow
def test_a_numeric_facet_is_cut_once_and_so_in_every_part(loans: Path) -> None:
    """The quartiles of 600 ages are not those of the 120 in the test part: its groups would not be those of before."""
    flow = Flow.parse(FLOW.replace("label: approved", "facet: age, label: approved") + "measure: [bias]\n")
    found = tilth.run(flow, data=loans).of("bias")
    groups = {part: [f.payload.facet_value for f in found if f.part == part and f.name == "DPL"] for part in ("raw", "train", "test")}
    assert len(groups["raw"]) == 4
    assert groups["train"] == groups["test"] == groups["raw"]
    sizes = {part: sum(f.payload.counts["n_d"] for f in found if f.part == part and f.name == "DPL") for part in groups}
    assert sizes["train"] + sizes["test"] == sizes["raw"]  # no row has left its bands


SHUFFLED = """
data: {roles: {id: id}}
split: {train: 0.8, test: 0.2, by: hash(id)}
features: [{scale: x}, {encode: {columns: many, with: ordinal}}]
"""  # engines join what they look up among so many categories


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "part"), [("duckdb", "rows"), ("duckdb", "training"), pytest.param("spark", "rows", marks=pytest.mark.spark)]
)
def test_a_shuffled_table_is_delivered_in_its_order(part: str, engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """More rows than one thread of DuckDB takes at a time; the hash is computed here by Python's own MD5."""
    many, measured = (260_000, "measure: [profile]\n") if engine == "duckdb" else (1_000, "")
    table = pa.table({"id": range(many), "x": [float(i % 7) for i in range(many)], "many": [f"m{i % 300}" for i in range(many)]})
    flow, out = Flow.parse(f"{SHUFFLED}{measured}{part}: [{{shuffle: {{seed: 3}}}}]\n"), tmp_path / "out"
    if engine == "duckdb":
        tilth.run(flow, out, data=table, engine=tilth.DuckDB(threads=4).session())
    else:
        spark = request.getfixturevalue("spark")
        with changed(spark, {"spark.sql.adaptive.enabled": "true"}):  # Spark joins partitions while it runs
            tilth.run(flow, out, data=table, engine=tilth.Spark(spark).session())
    for name in ("train", "test") if part == "rows" else ("train",):
        files = sorted((out / name).glob("*.parquet"))
        ids = [i for file in files for i in pq.read_table(file)["id"].to_pylist()]
        assert ids == sorted(ids, key=lambda i: hashlib.md5(f"3\x1f{i}".encode()).hexdigest()[:15])


PLACED = pa.table({"i": range(40), "s": ["a", None, "b", "b"] * 10})


def placed(split: str, roles: str = "{}") -> Flow:
    return Flow.parse(f"{{data: {{roles: {roles}}}, split: {{train: 0.5, test: 0.5, {split}}}, features: [{{scale: i}}]}}")


def test_a_dataset_without_roles_has_those_of_the_flow():
    flow = placed("by: stratified", "{label: s}")
    read = tilth.read(PLACED)
    assert tilth.fit(flow, read).row({"i": 7}) == tilth.fit(flow, PLACED).row({"i": 7})
    assert tilth.fit(placed("by: hash"), tilth.read(PLACED, roles={"label": "s"})).fitted
    with pytest.raises(ColumnError, match="role 'label': there is no column 'x'") as refused:
        tilth.fit(placed("by: stratified", "{label: x}"), read)
    assert "<flow>:1:" in str(refused.value)


def test_a_dataset_without_roles_has_those_of_the_flow_that_is_applied():
    """Its private columns, too; before, `tilth.arrays` of what was made took the label and the identifier for features."""
    table = pa.table({"no": [1, 2], "age": [30, 50], "name": ["Ada", "Bo"], "paid": ["yes", "no"]})
    text = "{data: {roles: {id: no, label: paid, private: name}}, features: [{impute: {columns: age, with: mean}}]}"
    fitted = tilth.fit(tilth.Flow.parse(text), table)
    assert tilth.apply(fitted, tilth.read(table)).roles == tilth.apply(fitted, table).roles
    assert tilth.apply(fitted, tilth.read(table, roles={"id": "age"})).roles.id == ("age",)


@pytest.mark.parametrize(
    ("split", "roles", "held"),
    [
        ("by: hash", "{}", True),  # nothing tells rows apart but all of them
        ("by: stratified(s)", "{}", True),
        ("by: hash", "{id: i}", False),
        ("by: group(s)", "{}", False),  # the group alone is hashed
        ("by: ordered(i)", "{}", False),
    ],
)
def test_rows_placed_by_all_their_columns_are_held(split, roles, held, monkeypatch):
    monkeypatch.setattr("tilth.flow.running.HELD_CELLS", 39 * 3)  # of the table with its column `split`, a row less than there are
    report = tilth.run(placed(split, roles), data=PLACED, engine=tilth.DuckDB().session())
    assert (("hold rows", "split") in [(p.title, p.purpose) for p in report.facts.scans]) is held
    with tilth.DuckDB().session() as engine:
        tilth.fit(placed(split, roles), PLACED, engine=engine)
        assert ("hold rows" in [p.title for p in engine.scans]) is held


@pytest.mark.parametrize("split", ["by: hash(i)", "by: group(s)", "by: ordered(i)"])
def test_a_run_reads_its_source_no_more_once_it_is_filtered_and_split(split):
    flow = placed(split)
    flow = replace(flow, parts={**flow.parts, "rows": Flow.parse("rows: [{filter: i > 3}, {filter: i < 30}]").parts["rows"]})
    with tilth.DuckDB().session() as engine:
        report = tilth.run(flow, data=PLACED, engine=engine)
    scans = [(p.title, p.purpose) for p in report.facts.scans]
    held = scans.index(("hold rows", "split"))
    assert ("hold rows", "rows: filter") not in scans
    assert all("source" not in p.query for p in report.facts.scans[held + 1 :])
    assert [f.payload.rows_out for f in report.of("step") if f.part == "rows"] == [36, 26]


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("rows: [{dedupe: {on: s}}]", 12),
        ("rows: [{sort: i}, {filter: i > 3}]", 36),
        ("check: {rules: 'Rules = [ IsComplete \"s\" ]', on_fail: quarantine}\nrows: [{filter: i > 3}]", 27),
    ],
)
def test_a_run_with_measures_splits_the_rows_that_are_left(before, left):
    flow = Flow.parse(f"{before}\nsplit: {{train: 0.5, test: 0.5, by: ordered(i)}}\nmeasure: [profile]")
    report = tilth.run(flow, data=PLACED)
    assert sum(f.payload.rows for f in report.of("split") if f.name == "share of rows") == left
    assert {f.payload.rows for f in report.of("column") if f.part == "raw"} == {40}


@pytest.mark.spark
@pytest.mark.shared_data
@pytest.mark.slow
def test_adult_through_both_engines_leaves_the_same_report(spark: Any, shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    lines = shared_data("tabular/adult-train.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "adult.csv").write_text("".join(lines[:8001]), "utf-8")  # on all rows Spark takes minutes
    flow = Flow.load(ROOT / "examples" / "adult.yaml")
    flow = replace(flow, reading=replace(flow.reading, read=(str(tmp_path / "adult.csv"),)), folder="/")
    ours = tilth.run(flow, tmp_path / "duckdb", engine=tilth.DuckDB().session())
    theirs = tilth.run(flow, tmp_path / "spark", engine=tilth.Spark(spark).session())
    assert len(ours.findings) == len(theirs.findings) > 350
    assert {f.kind for f in ours.findings} >= {"rule", "bias", "column", "step", "split"}
    pairs = [(a, b) for a, b in zip(ours.findings, theirs.findings, strict=True) if a.name != ORDER]  # which Spark cannot judge
    assert [(a, b) for a, b in pairs if not same(of_any_engine(a), of_any_engine(b))] == []
    for part in ("train", "test"):
        a, b = (in_one_order(tilth.write(tilth.read(tmp_path / engine / part), format="pandas")) for engine in ("duckdb", "spark"))
        assert len(a) > 1_000
        pd.testing.assert_frame_equal(a, b, rtol=1e-9, atol=1e-9)


def of_any_engine(finding: Finding) -> dict[str, Any]:
    """A finding's fields, without what an engine calls its types."""
    return asdict(replace(finding, payload=Payload())) | {k: v for k, v in finding.payload.to_json().items() if k != "type"}


def same(a: Any, b: Any) -> bool:
    """Equal, numbers to the ninth digit."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)


def in_one_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order that does not hang on the last digits of their numbers."""
    return frame.loc[frame.round(6).sort_values(list(frame.columns)).index].reset_index(drop=True)
