"""Every combination of SplitType × BatchStrategy × AssembleWith × DataProcessing, by `batch_matrix.yaml`."""

import io
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from tilth.errors import RequestError
from tilth.formats import recordio, tfrecord
from tilth.formats.recordio_protobuf import Tensor, maps, record
from tilth.serve.batching import Sending, transformed
from tilth.serve.bodies.rows import Columns
from tilth.serve.paths import Path as Filter
from tilth.serve.pipeline import Pipeline
from tilth.serve.processing import Processing

FILES = yaml.safe_load((Path(__file__).parent / "batch_matrix.yaml").read_text())
AXES = {"strategy": ("multi-record", "single-record"), "assemble": ("none", "line"), "processing": ("plain", "filter", "join")}
PAIRS = [(1, 10), (2, 20), (3, 30)]
FRAMES = {
    "recordio": lambda: [record({"values": Tensor(np.array(pair, "<f4"))}) for pair in PAIRS],  # with their frames
    "json": lambda: [recordio.framed(f'{{"first": {a}, "second": {b}}}'.encode()) for a, b in PAIRS],
    "tfrecord": lambda: map(
        tfrecord.framed, tfrecord.payloads_of(pa.record_batch([[a for a, _ in PAIRS], [b for _, b in PAIRS]], ["first", "second"]))
    ),
}


class Echo:
    """A stage that answers the row."""

    title, takes, gives = "echo", Columns(("first", "second")), ("first", "second")

    def __call__(self, rows):
        return list(rows)


class Counting(Pipeline):
    """Counts requests."""

    requests = 0

    def predicted(self, body, content_type):
        self.requests += 1
        return super().predicted(body, content_type)


def expanded(file):
    """What each combination gives; each of them has to be named once."""
    found = {}
    for line in file["gives"]:
        for combination in product(*([line[axis]] if axis in line else AXES[axis] for axis in AXES)):
            assert combination not in found, (file["file"], combination)
            found[combination] = line
    assert set(found) == set(product(*AXES.values())), file["file"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["file"].replace(" ", "-"))
def test_every_combination(tmp_path, file):
    content = file["text"].encode() if "text" in file else b"".join(FRAMES[file["frames"]]())
    (tmp_path / "data").write_bytes(content)
    for (strategy, assemble, processing), expected in expanded(file).items():
        given = file.get(processing, {})
        done = Processing(*(Filter.parse(given[k]) if k in given else None for k in ("before", "after")), given.get("join", False))
        sending = Sending(
            file["type"], file.get("accept", ""), file["split"], assemble, single=strategy == "single-record", processing=done
        )
        pipeline, out = Counting([Echo()]), tmp_path / f"{strategy} {assemble} {processing}"
        if "refused" in expected:
            with pytest.raises(RequestError) as error:
                transformed(pipeline, [str(tmp_path / "data")], str(out), sending)
            assert error.value.mistakes[0].code == expected["refused"], (strategy, assemble, processing)
            continue
        (found,) = transformed(pipeline, [str(tmp_path / "data")], str(out), sending)
        assert found.refusals == []
        written = (out / "data.out").read_bytes()
        if "labels" in expected:
            labels = [[value.values.item() for value in label.values()] for _, label in maps(io.BytesIO(written))]
            assert labels == expected["labels"]
        else:
            assert written.decode() == expected["out"], (strategy, assemble, processing)
        assert pipeline.requests == file["requests"][strategy]


def test_the_table_has_every_way_to_split():
    assert Counter(file["split"] for file in FILES).keys() == {"line", "recordio", "tfrecord", "none"}
