"""RecordIO-protobuf with 30 features and a label, as the SageMaker SDK writes it: one message per row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio

FEATURES, RECORD = 30, 168  # features of a row, and bytes of its record
COMPARED = 10_000  # number of rows with compared bytes


def numbers(folder: Path) -> tuple[Any, Any]:
    """Features and labels, for as many rows as there are trips, up to a million."""
    import numpy as np

    rows = min(int(folder.name), 1_000_000)
    features, labels = np.random.default_rng(7).normal(size=(rows, FEATURES)), np.random.default_rng(8).integers(0, 2, rows)
    return features.astype(np.float32), labels.astype(np.float32)


def first(place: Path) -> list[Any]:
    """The hash of the first records of a file."""
    with place.open("rb") as file:
        return [hashlib.sha256(file.read(COMPARED * RECORD)).hexdigest()]


def tilth(folder: Path) -> Work:
    import pyarrow as pa

    import tilth
    import tilth.formats.recordio_protobuf
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB

    engine = DuckDB().session()
    features, labels = numbers(folder)
    place = out(folder, "recordio", "tilth").with_suffix(".pbr")
    table = pa.table({"label": labels, **{f"f{i}": features[:, i].copy() for i in range(FEATURES)}})

    def work() -> list[Any]:
        tilth.write(tilth.read(table, roles={"label": "label"}, engine=engine), place, engine=engine)
        return first(place)

    return work


def sdk(folder: Path) -> Work:
    from sagemaker.amazon.common import write_numpy_to_dense_tensor

    features, labels = numbers(folder)
    place = out(folder, "recordio", "sdk").with_suffix(".pbr")

    def work() -> list[Any]:
        with place.open("wb") as file:
            write_numpy_to_dense_tensor(file, features, labels)
        return first(place)

    return work


def differences(results: Mapping[str, list[Any]]) -> list[str]:
    return [] if len({tuple(r) for r in results.values()}) == 1 else ["the files differ"]


BENCHMARK = Benchmark(
    name="recordio",
    title="RecordIO-protobuf",
    about=f"A table of {FEATURES} features and a label in memory, up to a million rows, written as RecordIO-protobuf: the same bytes.",
    candidates=(
        Candidate("tilth", tilth),
        Candidate("sdk", sdk, needs=("sagemaker==2.257.7",), rows=200_000, runs=1, title="The SageMaker SDK"),
    ),
    targets=(Target("RecordIO-protobuf to the SageMaker SDK", ratio("tilth", "sdk", of="cpu"), 0.05),),
    differences=differences,
)
