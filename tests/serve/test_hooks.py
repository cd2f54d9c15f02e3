"""The folder for SageMaker's scikit-learn container, and its hooks, which answer as the server does."""

import importlib.util
import json
import sys
import tarfile
from inspect import signature
from pathlib import PurePath
from types import ModuleType

import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier

import tilth
from tests.serve.conftest import FLOW, TABLE
from tilth.cli.app import run
from tilth.errors import ArtefactError, RequestError
from tilth.serve.hooks import Refusal, _extras, exported
from tilth.serve.pipeline import Pipeline
from tilth.serve.serving import Serving
from tilth.training.artefacts import packed

ROWS = json.dumps(TABLE.to_pylist())


@pytest.fixture
def hooks(served, tmp_path):
    """The module that the container imports, and the folder."""
    folder = tmp_path / "model"
    things = [str(served / "people.tilth"), str(served / "model.skops")]
    assert run(["serve", *things, "--output", "softmax", "--export", str(folder)]) == 0
    return imported(folder), folder


def imported(folder):
    spec = importlib.util.spec_from_file_location("inference", folder / "code" / "inference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_container_answers_as_the_server_does(hooks, served):
    module, folder = hooks
    assert sorted(p.name for p in folder.rglob("*") if p.is_file() and p.name[0] != "_" and p.suffix != ".pyc") == [
        "golden.json",
        "inference.py",
        "model.skops",
        "people.tilth",
        "pipeline.json",
        "requirements.txt",
    ]
    model = module.model_fn(str(folder))
    pipeline = Pipeline.of(str(served / "people.tilth"), str(served / "model.skops"), output=["softmax"])
    for accept in ("text/csv", "application/json"):
        expected = pipeline.answer(ROWS.encode(), "application/json", accept)
        assert module.transform_fn(model, ROWS, "application/json", accept) == (expected.body, accept)
    assert "tilth[models]==" in (folder / "code" / "requirements.txt").read_text()


def test_the_container_is_told_what_models_need(served, tmp_path, monkeypatch):
    """Models in files and models that are steps of the flow, each by the optional part of Tilth that reads it."""
    monkeypatch.chdir(served)
    text = f"{FLOW}  - predict: {{model: model.skops, with: probability, positive: 'yes'}}"
    tilth.fit(tilth.Flow.parse(text), TABLE).save(tmp_path / "score.tilth")
    for things, needed in (([str(served / "people.tilth")], "tilth=="), ([str(tmp_path / "score.tilth")], "tilth[models]==")):
        exported(tmp_path / "model", things)
        assert (tmp_path / "model" / "code" / "requirements.txt").read_text().startswith(needed)
    pipeline = Pipeline.of(str(served / "people.tilth"))
    assert _extras(pipeline, [PurePath("a.lgb"), PurePath("b.UBJ"), PurePath("c.onnx")]) == "[lightgbm,onnx,xgboost]"


def test_the_container_allows_the_types_that_were_trusted(served, tmp_path, capsys):
    """By the code that it runs. `tilth serve` does not run that code, and wants them named again."""
    train = tilth.arrays(tilth.apply(str(served / "people.tilth"), TABLE), format="arrow")
    forest = RandomForestClassifier(3, random_state=0).fit(train.X.to_pandas(), train.y.to_pylist())
    skops.io.dump(forest, tmp_path / "forest.skops")
    things, folder = [str(served / "people.tilth"), str(tmp_path / "forest.skops")], tmp_path / "model"
    trusted = ["--trusted", "sklearn.tree._tree.Tree"]
    assert run(["serve", *things, "--output", "argmax", "--export", str(folder)]) == 2
    assert run(["serve", *things, "--output", "argmax", "--export", str(folder), *trusted]) == 0
    module = imported(folder)
    assert len(signature(module.model_fn).parameters) == 1  # the toolkit would give its context to a second one
    answer, _ = module.transform_fn(module.model_fn(str(folder)), ROWS, "application/json", "application/json")
    assert [row["prediction"] for row in json.loads(answer)["predictions"]] == forest.predict(train.X.to_pandas()).tolist()
    capsys.readouterr()
    assert run(["serve", str(folder), "--record-golden", str(tmp_path / "golden.json")]) == 2
    assert "--trusted TYPE" in capsys.readouterr().err
    assert run(["serve", str(folder), "--record-golden", str(tmp_path / "golden.json"), *trusted]) == 0


def test_a_refusal_is_the_containers_own_error(hooks, monkeypatch):
    module, folder = hooks
    model = module.model_fn(str(folder))
    with pytest.raises(Refusal, match="wrong-width"):
        module.transform_fn(model, b"1,2", "text/csv", "text/csv")

    class GenericInferenceToolkitError(Exception):  # as in sagemaker-inference 1.10
        def __init__(self, status_code, message=None, phrase=None):
            super().__init__(status_code, message, phrase)

    toolkit = ModuleType("sagemaker_inference.errors")
    toolkit.GenericInferenceToolkitError = GenericInferenceToolkitError
    monkeypatch.setitem(sys.modules, "sagemaker_inference", ModuleType("sagemaker_inference"))
    monkeypatch.setitem(sys.modules, "sagemaker_inference.errors", toolkit)
    with pytest.raises(GenericInferenceToolkitError) as error:
        module.transform_fn(model, b"", "text/plain", "text/csv")
    assert error.value.args[0] == 415


def test_the_folder_is_served_as_it_is_or_packed(hooks, tmp_path, monkeypatch, capsys):
    _, folder = hooks
    served = []

    def run_it(self, pipeline, listening):
        served.append(str(pipeline))

    monkeypatch.setattr(Serving, "run", run_it)
    packed(folder, tmp_path / "model.tar.gz")
    assert [run(["serve", str(place), "--port", "0"]) for place in (folder, tmp_path / "model.tar.gz")] == [0, 0]
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))  # which holds `model`
    assert run(["serve", "--port", "0"]) == 0
    assert served == ["people.tilth → model.skops → softmax"] * 3
    assert capsys.readouterr().err.count("proven: people.tilth (6 golden rows), model.skops (6 golden rows)") == 3
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path / "absent"))
    for words in ([], [str(folder), str(folder)], [str(folder), "--output", "softmax"], [str(tmp_path)]):
        assert run(["serve", *words, "--port", "0"]) == 2
    assert len(served) == 3


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, capsys):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    assert run(["serve", str(tmp_path / "model.tar.gz")]) == 2
    assert "is not unpacked" in capsys.readouterr().err


def test_what_cannot_be_exported_or_loaded(hooks, served, tmp_path):
    module, folder = hooks
    with pytest.raises(RequestError, match="is not a file"):
        exported(tmp_path / "x", [str(served / "people.tilth"), "http://127.0.0.1:1"])
    described = json.loads((folder / "pipeline.json").read_text())
    (folder / "pipeline.json").write_text(json.dumps(described | {"stages": ["../people.tilth"]}))
    with pytest.raises(ArtefactError, match=r"is not a folder of.*\n.*served by its name"):
        module.model_fn(str(folder))
