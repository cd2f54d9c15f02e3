"""Golden rows of a flow with its model: recorded once, proven at every start."""

import json
from dataclasses import replace

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

import tilth
from tests.serve.conftest import TABLE
from tilth.cli.app import run
from tilth.errors import ArtefactError, RequestError
from tilth.serve.hooks import exported, opened
from tilth.serve.pipeline import Pipeline
from tilth.serve.proving import NoGolden, hop_rows, proof, record
from tilth.steps.models import Skops


@pytest.fixture
def pair(served):
    things = [str(served / "people.tilth"), str(served / "model.skops")]
    return Pipeline.of(*things), things


def test_a_model_is_proven_by_recorded_answers(pair, tmp_path, monkeypatch, capsys):
    pipeline, things = pair
    file = tmp_path / "golden.json"
    assert run(["serve", *things, "--record-golden", str(file)]) == 0
    assert capsys.readouterr().err == f"6 golden rows are answered; written to {file}\n"
    found = proof(pipeline, str(file))
    assert (found.proven, found.unproven) == ({"people.tilth": 6, "model.skops": 6}, ())
    rows = json.loads(file.read_text())["rows"]
    assert [one["answer"] for one in rows] == pipeline.predicted(json.dumps([one["row"] for one in rows]).encode(), "application/json")

    scores = Skops.scores
    monkeypatch.setattr(Skops, "scores", lambda self, x: scores(self, x) + 1e-6)  # as another version of a library may compute
    with pytest.raises(ArtefactError, match="row 1: the numbers behind the label, row 2"):
        proof(pipeline, str(file))
    assert run(["serve", *things, "--golden", str(file)]) == 2
    monkeypatch.setattr(Skops, "scores", scores)
    monkeypatch.setattr(Skops, "labels", lambda self, x: 1 / 0)
    with pytest.raises(ArtefactError, match="row 1: it was answered, and is not now"):
        proof(pipeline, str(file))


def test_what_is_not_proven_is_said(pair, tmp_path):
    pipeline, _ = pair
    found = proof(pipeline)
    assert str(found).startswith("proven: people.tilth (6 golden rows); not proven: model.skops; where it was trained: --record-golden ")
    numbers = [str(tmp_path / "n.skops")]
    frame = TABLE.select(["no"]).to_pandas()
    skops.io.dump(LogisticRegression().fit(frame, TABLE["paid"].to_pylist()), numbers[0])
    alone = Pipeline.of(*numbers)
    assert record(alone, tmp_path / "golden.json") == 5  # the row of nulls is refused
    assert proof(alone, str(tmp_path / "golden.json")).proven == {"n.skops": 6}
    for file, said in (
        (tmp_path / "golden.json", "other stages than people.tilth → model.skops: model.skops, n.skops"),
        ("absent", "there is no file of golden rows"),
    ):
        with pytest.raises(ArtefactError, match=said):
            proof(pipeline, str(file))


def test_an_exported_folder_carries_golden_rows(pair, tmp_path):
    _, things = pair
    folder = exported(tmp_path / "model", things, ["softmax"])
    opened(str(folder))
    again = exported(tmp_path / "again", things, ["softmax"], str(folder / "golden.json"))
    assert (again / "golden.json").read_bytes() == (folder / "golden.json").read_bytes()
    content = json.loads((folder / "golden.json").read_text())
    content["rows"][0]["answer"]["prediction_no"] += 1e-6
    (folder / "golden.json").write_text(json.dumps(content))
    with pytest.raises(ArtefactError, match="row 1: prediction_no"):
        opened(str(folder))


def test_a_stage_elsewhere_is_not_proven(served, tmp_path):
    things = [str(served / "people.tilth"), "http://127.0.0.1:1"]
    with pytest.raises(RequestError, match="runs in another process"):
        record(Pipeline.of(*things), tmp_path / "golden.json")


def test_how_many_rows_a_next_container_takes(served, pair):
    alone = Pipeline.of(str(served / "people.tilth"))
    most = hop_rows(alone, "text/csv")
    row = json.dumps({"age": None, "job": "cook"}).encode()  # the longest: the mean has many digits
    size = len(alone.answer(row, "application/json", "text/csv").body)
    assert most == 5 * 2**20 // size
    assert hop_rows(alone, "application/json") < most / 3
    assert hop_rows(pair[0], "text/csv") == 0


def test_an_export_without_golden_rows_says_so(served, tmp_path, capsys):
    flow = tilth.Flow.load(served / "people.tilth")
    refused = tuple({"row": {**one["row"], "age": "x"}, "refused": "unreadable"} for one in flow.learned.golden)
    flow.with_learned(replace(flow.learned, golden=refused)).save(tmp_path / "none.tilth")
    assert run(["serve", str(tmp_path / "none.tilth"), "--export", str(tmp_path / "model")]) == 0
    assert capsys.readouterr().err.endswith("model; without golden rows: its answers cannot be verified\n")
    with pytest.raises(NoGolden, match="answers none of its golden rows: unreadable"):
        record(Pipeline.of(str(tmp_path / "none.tilth")), tmp_path / "golden.json")
