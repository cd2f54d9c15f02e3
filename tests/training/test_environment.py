"""The variables and arguments of a script are those that SageMaker's training toolkit gives for the same tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tilth.training import environment
from tilth.training.environment import gpus, inherited, of_script, own_hyperparameters
from tilth.training.hyperparameters import arguments, is_own, parsed
from tilth.training.tree import Tree, resources

TOOLKIT = json.loads(Path(__file__).with_name("toolkit.json").read_text("utf-8"))
CONFIG = TOOLKIT["config"]
TREE = Tree(Path("/nowhere"), "/opt/ml")


def test_a_script_has_the_variables_and_arguments_of_the_toolkit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(environment, "gpus", lambda: 0)
    found = of_script(TREE, "train-1", CONFIG["hyperparameters"], CONFIG["inputdataconfig"], CONFIG["resourceconfig"])
    assert {name: value for name, value in found.items() if value != TOOLKIT["variables"].get(name)} == {}
    assert found.keys() == TOOLKIT["variables"].keys()
    values = {name: value for name, value in parsed(CONFIG["hyperparameters"]).items() if not is_own(name)}
    assert ["train.py", *arguments(values)] == TOOLKIT["argv"]


def test_the_tree_of_the_toolkit_is_ours() -> None:
    assert resources("algo-1") == CONFIG["resourceconfig"]
    own = own_hyperparameters("train.py", "train-1", TREE)
    assert own.items() <= CONFIG["hyperparameters"].items()


def test_a_job_does_not_see_the_variables_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SM_MODEL_DIR", "SAGEMAKER_BASE_DIR", "TRAINING_JOB_NAME"):
        monkeypatch.setenv(name, "another")
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    found = inherited(["/a", "/b"], ["/code"])
    assert (found["PATH"], found["PYTHONPATH"], found["PYTHONUNBUFFERED"]) == ("/a:/b:/bin", "/code", "1")
    assert "another" not in found.values()


def test_gpus_are_counted_as_nvidia_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(gpus(), int)
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\necho 'GPU 0: NVIDIA H200 (UUID: GPU-1)'\necho '  MIG 1g (UUID: MIG-1)'\necho 'GPU 1: NVIDIA H200 (UUID: GPU-2)'\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert gpus() == 2
    tool.write_text("#!/bin/sh\nexit 9\n")  # a driver that does not answer
    assert gpus() == 0
