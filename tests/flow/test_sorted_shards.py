"""Whether rows of the same label stand together in delivered shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import cohen_kappa_score

import tilth
from tilth.flow.sorted_shards import likeness
from tilth.report.json import from_json

N = 2_000
LABELS = {
    "sorted": ["no"] * 1_500 + ["yes"] * 500,
    "gaps": [None if i % 3 == 0 else i / 10 for i in range(N)],
    "chance": np.random.default_rng(1).choice(["no", "yes"], N).tolist(),
    "one": ["no"] * N,
    "rare": ["yes" if i % 10 == 0 else "no" for i in range(N)],
}


def warned(label: str, more: str = "", deliver: str = "{format: parquet, rows_per_shard: 150}", *, place: Path) -> list[tuple]:
    table = pa.table({"n": range(N), "label": LABELS[label]})
    flow = tilth.Flow.parse(f"data: {{roles: {{id: n, label: label}}}}\nsplit: {{train: 0.9, test: 0.1}}\ndeliver: {deliver}\n{more}\n")
    report = tilth.run(flow, place / "out", data=table)
    return [(f.part, f.message, f.payload.details) for f in report.of("warning") if f.name == "SORTED_SHARDS"]


@pytest.mark.slow
@pytest.mark.parametrize(("label", "least", "form"), [("sorted", 0.98, "parquet"), ("gaps", 0.99, "parquet"), ("sorted", 0.98, "csv")])
def test_sorted_shards_are_told_with_the_line_that_mends_them(label: str, least: float, form: str, tmp_path: Path) -> None:
    ((part, message, told),) = warned(label, deliver=f"{{format: {form}, rows_per_shard: 150}}", place=tmp_path)
    assert (part, told["remedy"], told["shards"]) == ("train", "training: [shuffle]", len([*tmp_path.glob(f"out/train/*.{form}")]))
    assert least < told["likeness"] <= 1
    assert (told["mixed"], told["expected"]) == tilth.stream(tmp_path / "out/train", batch=256).mixing()
    assert message.endswith("shuffles up to 16 shards together, but what reads one after the other does not. Write `training: [shuffle]`")
    report = from_json((tmp_path / "out/report.json").read_text("utf-8"))
    (mixing,) = report.of("shards")
    assert "SORTED_SHARDS" in {f.name for f in report.findings}
    assert (mixing.part, mixing.value, mixing.payload.expected) == ("train", told["mixed"], told["expected"])
    assert "From how many shards the rows of a batch of 256 rows come" in (tmp_path / "out/report.html").read_text("utf-8")
    assert not warned(label, told["remedy"], place=tmp_path / "mended")


@pytest.mark.parametrize(
    ("label", "deliver"),
    [
        ("chance", "{format: parquet, shards: 10}"),
        ("one", "{format: parquet, shards: 10}"),
        ("sorted", "{format: parquet}"),  # no shards
        ("sorted", "{format: parquet, shards: 1}"),
    ],
)
def test_of_other_shards_there_is_no_warning(label: str, deliver: str, tmp_path: Path) -> None:
    assert not warned(label, deliver=deliver, place=tmp_path)


@pytest.mark.slow
def test_rows_that_have_a_time_are_shuffled_anyway(tmp_path: Path) -> None:
    table = pa.table({"day": pa.array(range(N), pa.int32()).cast(pa.date32()), "label": LABELS["sorted"]})
    flow = "data: {roles: {time: day, label: label}}\nsplit: {train: 0.9, test: 0.1, by: time}\ndeliver: {format: parquet, shards: 10}\n"
    (told,) = tilth.run(tilth.Flow.parse(flow), tmp_path / "out", data=table).of("warning")
    assert told.payload.details["remedy"] == "training: [shuffle: {anyway: true}]"
    mended = tilth.Flow.parse(flow + told.payload.details["remedy"])
    assert not tilth.run(mended, tmp_path / "mended", data=table).of("warning")


@pytest.mark.slow
def test_rows_that_balancing_adds_stand_together_at_the_end(tmp_path: Path) -> None:
    fewer = "{format: parquet, rows_per_shard: 100}"
    ((_, message, told),) = warned("rare", "training: [{balance: {with: over, ratio: 1}}]", fewer, place=tmp_path)
    assert told["remedy"] == "- shuffle"
    assert (
        f"of {told['mixed']:.1f} shards, and of {told['expected']:.1f} if all rows were shuffled. Write `- shuffle` at the end" in message
    )
    assert not warned("rare", "training: [{balance: {with: over, ratio: 1}}, shuffle]", place=tmp_path / "mended")


@pytest.mark.parametrize("classes", [2, 7])
def test_likeness_of_classes_is_kappa_of_neighbours(classes: int) -> None:
    """As scikit-learn's, whose chance is by the rows before and after: one row of ten thousand more."""
    rng = np.random.default_rng(2)
    y = np.repeat(rng.integers(0, classes, 5_000), rng.integers(1, 5, 5_000))
    assert likeness([pa.chunked_array([y])]) == pytest.approx(cohen_kappa_score(y[:-1], y[1:]), abs=1e-3)
