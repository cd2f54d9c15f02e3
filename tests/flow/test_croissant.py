"""The Croissant metadata of a delivery: what it says, and that the standard's own reader finds the rows by it."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tilth import Flow

SECRET = "Ada Byron of Ockham"
TABLE = pa.table(
    {
        "no": range(40),
        "name": [SECRET] * 40,
        "age": [20 + i % 7 for i in range(40)],
        "share": pa.array([[0.5, i / 3] for i in range(40)], pa.list_(pa.float64(), 2)),
        "paid": ["no", "yes"] * 20,
    }
)
ABOUT = {"name": "Loans", "license": "CC-BY-4.0", "creators": "Ada", "published": "2026-01-02", "version": 1.0, "cite_as": "@misc{loans}"}


def delivered(place: Path, **deliver: Any) -> dict[str, Any]:
    """The metadata of a delivery."""
    flow = {"data": {"roles": {"id": "no", "label": "paid", "private": "name"}}, "split": {"train": 0.75, "test": 0.25}, "deliver": deliver}
    tilth.run(Flow.parse(json.dumps(flow)), place, data=TABLE)
    found: dict[str, Any] = json.loads((place / "croissant.json").read_text("utf-8"))
    return found


def test_it_says_what_was_delivered_and_no_value(tmp_path: Path) -> None:
    made = delivered(tmp_path / "out", shards=2, about=ABOUT)
    assert SECRET not in (tmp_path / "out/croissant.json").read_text("utf-8")
    said = {key: made[key] for key in ("name", "license", "creator", "datePublished", "version", "citeAs")}
    person = [{"@type": "sc:Person", "name": "Ada"}]
    assert list(said.values()) == ["Loans", "CC-BY-4.0", person, "2026-01-02", "1.0", "@misc{loans}"]
    files = [d for d in made["distribution"] if d["@type"] == "cr:FileObject"]
    assert {f["contentUrl"] for f in files} == {f"{part}/{part}-00000{i}.parquet" for part in ("train", "test") for i in (0, 1)}
    for file in files:
        content = (tmp_path / "out" / file["contentUrl"]).read_bytes()
        assert (file["sha256"], file["contentSize"]) == (hashlib.sha256(content).hexdigest(), f"{len(content)} B")
    fields = {f["name"]: f for f in made["recordSet"][1]["field"]}
    types = [fields[name]["dataType"] for name in TABLE.column_names]
    assert types == ["sc:Integer", "sc:Text", "sc:Integer", "sc:Float", ["sc:Text", "cr:Label"]]
    assert fields["share"]["repeated"] and "private" in fields["name"]["description"]


def test_files_whose_columns_the_standard_does_not_read_are_listed_alone(tmp_path: Path) -> None:
    made = delivered(tmp_path / "out", format="tfrecord")
    assert made["recordSet"] == [] and {f["@type"] for f in made["distribution"]} == {"cr:FileObject"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib's own parser makes one
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # which the reader gives to pandas
@pytest.mark.parametrize("deliver", [{}, {"shards": 2, "about": ABOUT}, {"format": "csv", "compression": "gzip"}, {"format": "jsonl"}])
def test_the_reader_of_the_standard_reads_every_row(deliver: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from mlcroissant import Dataset

    with caplog.at_level(logging.ERROR):
        made = delivered(tmp_path / "out", **deliver)
        data = Dataset(jsonld=tmp_path / "out/croissant.json")
    assert [rs.name for rs in data.metadata.record_sets] == ["splits", "train", "test"] and not caplog.records
    rows = [row for part in ("train", "test") for row in data.records(part)]
    assert sorted(int(row.get("train/no", row.get("test/no"))) for row in rows) == list(range(40))
    assert set(rows[0]) == {f["@id"] for f in made["recordSet"][1]["field"]}
