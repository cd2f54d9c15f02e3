"""A job gives its program what SageMaker gives it, ends as a training job ends, and leaves all of its files or none."""

from __future__ import annotations

import errno
import json
import os
import signal
import tarfile
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tilth.errors import MachineError, RequestError
from tilth.training import ending, opt_ml
from tilth.training import job as module
from tilth.training.job import Ended, Job, run
from tilth.training.opt_ml import refusal
from tilth.training.program import Image, Script

Trained = Callable[..., Ended]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def trained(tmp_path: Path, said: list[str]) -> Trained:
    """Runs a script with this text; its output is in `out`."""

    def run_text(text: str, **options: object) -> Ended:
        script = tmp_path / "train.py"
        script.write_text(text)
        return run(Job(Script(script), spill=str(tmp_path), **options), tmp_path / "out", said.append)

    return run_text


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as opened:
        return opened.getnames()


def left(folder: Path) -> list[str]:
    """What is in a folder besides the script."""
    return sorted(p.name for p in folder.iterdir() if p.name != "train.py")


SEES = """
import json, os, sys
base = os.environ.get("SAGEMAKER_BASE_DIR", os.environ.get("BASE", "/opt/ml"))
config = {name: json.load(open(f"{base}/input/config/{name}")) for name in sorted(os.listdir(f"{base}/input/config"))}
seen = {"argv": sys.argv, "cwd": os.getcwd(), "base": base, "config": config, "folders": sorted(os.listdir(base))}
seen["real"] = os.path.realpath(base)
seen["variables"] = {name: os.environ[name] for name in ("SM_MODEL_DIR", "SM_HP_MAX-DEPTH", "SM_CURRENT_HOST", "TRAINING_JOB_NAME")}
json.dump(seen, open(os.environ["SM_MODEL_DIR"] + "/seen.json", "w"))
open(os.environ["SM_OUTPUT_DATA_DIR"] + "/scores.csv", "w").write("0.9")
open(f"{base}/checkpoints/last", "w").write("7")
"""


@pytest.mark.parametrize("way", ["namespace", "link", "folder"])
def test_a_script_sees_a_training_container(
    way: str, trained: Trained, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = "/opt/ml"
    if way == "namespace" and (why_not := refusal(tmp_path, tmp_path)):
        pytest.skip(why_not)
    if way == "link":  # not that of this machine
        base = str(tmp_path / "ml")
        monkeypatch.setattr(opt_ml, "OPT_ML", base)
        monkeypatch.setattr(module, "OPT_ML", base)
        monkeypatch.setenv("BASE", base)
        Path(base).symlink_to("nowhere")  # of a job that was killed
    kept = tmp_path / "kept"
    ended = trained(SEES, hyperparameters={"max-depth": "6"}, name="loans-1", opt_ml=way, checkpoints=kept)
    assert (ended.status, ended.code, [name for name, _ in ended.files]) == ("Completed", 0, ["model.tar.gz", "output.tar.gz"])
    assert left(tmp_path) == ["kept", "out"]
    assert left(tmp_path / "out") == ["_tilth.json", "job.json", "model.tar.gz", "output.tar.gz"]
    assert names(tmp_path / "out/output.tar.gz") == ["scores.csv"]
    assert (kept / "last").read_text() == "7"
    with tarfile.open(tmp_path / "out/model.tar.gz") as archive:
        seen = json.load(archive.extractfile("seen.json"))
    assert (seen["base"] == base) is (way != "folder")
    base, host = seen["base"], "algo-1" if way == "namespace" else "localhost"
    assert base in said[0]
    assert (seen["argv"], seen["cwd"]) == (["train.py", "--max-depth", "6"], os.path.normpath(f"{seen['real']}/code"))
    assert seen["folders"] == ["checkpoints", "code", "input", "model", "output"]
    assert seen["variables"] == {
        "SM_MODEL_DIR": f"{base}/model",
        "SM_HP_MAX-DEPTH": "6",
        "SM_CURRENT_HOST": host,
        "TRAINING_JOB_NAME": "loans-1",
    }
    config = seen["config"]
    assert config["hyperparameters.json"] == {
        "max-depth": "6",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": f'"{base}/code"',
        "sagemaker_job_name": '"loans-1"',
        "sagemaker_container_log_level": "20",
    }
    assert config["inputdataconfig.json"] == {}
    assert config["resourceconfig.json"]["hosts"] == [host]
    assert config["checkpointconfig.json"] == {"S3Uri": str(kept), "LocalPath": f"{base}/checkpoints"}
    record = json.loads((tmp_path / "out/job.json").read_text())
    assert (record["job"], record["status"], record["opt_ml"]) == ("loans-1", "Completed", way)


FAILS = """
import os, sys
open(os.environ["SM_MODEL_DIR"] + "/half", "w").write("half")
open(os.environ["SM_OUTPUT_DATA_DIR"] + "/../failure", "w").write(%r)
sys.exit(7)
"""


def test_a_job_that_fails_says_why_and_leaves_what_was_there(trained: Trained, tmp_path: Path) -> None:
    good = "import os; open(os.environ['SM_MODEL_DIR'] + '/model', 'w').write('1')"
    assert trained(good, opt_ml="folder").status == "Completed"
    ended = trained(FAILS % ("no label column ä" + "." * 2_000), opt_ml="folder")
    assert (ended.status, ended.code, ended.files) == ("Failed", 7, ())
    assert ended.reason == "no label column ä" + "." * 1_007  # 1,024 characters
    assert names(tmp_path / "out/model.tar.gz") == ["model"]
    assert left(tmp_path) == ["out"]
    for text, reason in (("import sys; sys.exit(3)", "exit code 3"), ("import os; os.kill(os.getpid(), 9)", "SIGKILL; is the memory")):
        assert reason in trained(text, opt_ml="folder").reason


STOPS = """
import os, signal, sys, time
def stop(*_):
    open(os.environ["SM_MODEL_DIR"] + "/checkpoint", "w").write("1")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
open(os.environ["SAGEMAKER_BASE_DIR"] + "/output/data/begun", "w").write("1")
time.sleep(60)
"""
HANGS = STOPS.replace(
    "signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntry: stop()\nexcept SystemExit: pass"
)
BEGUN = ".tilth-*/ml/output/data/begun"


@pytest.mark.slow
@pytest.mark.parametrize(("text", "code", "grace"), [(STOPS, 0, 60.0), (HANGS, -signal.SIGKILL, 0.1)], ids=["ends", "hangs"])
def test_a_time_limit_ends_a_program_that_may_save_first(
    text: str, code: int, grace: float, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "LOOK", 0.01)
    clock = count(0, 7_201)  # two hours from one look to the next, once the program has begun
    monkeypatch.setattr(ending.time, "monotonic", lambda: next(clock) if [*tmp_path.glob(BEGUN)] else 0)
    ended = trained(text, opt_ml="folder", time_limit=7_200.0, grace=grace)
    assert (ended.status, ended.code, ended.signal) == ("Stopped", code, None)
    assert ended.reason == "stopped at the time limit of 7200 s"
    assert names(tmp_path / "out/model.tar.gz") == ["checkpoint"]


CHILD = """
import os, subprocess
child = subprocess.Popen(["sleep", "60"])
open(os.environ["SM_MODEL_DIR"] + "/child", "w").write(str(child.pid))
"""


def test_a_signal_ends_the_program_and_all_that_it_started(trained: Trained, tmp_path: Path, said: list[str]) -> None:
    def stop() -> None:
        while not [*tmp_path.glob(BEGUN)]:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=stop).start()
    ended = trained(CHILD + STOPS, opt_ml="folder")
    assert (ended.status, ended.code, ended.signal) == ("Stopped", 0, signal.SIGINT)
    assert "stopped by SIGINT: the program has 120 s to end; another signal ends it at once" in said
    with tarfile.open(tmp_path / "out/model.tar.gz") as archive:
        assert archive.getnames() == ["checkpoint", "child"]
        process = Path("/proc", archive.extractfile("child").read().decode())
    assert not process.exists() or "Z" in (process / "stat").read_text()


def test_an_empty_model_is_said(trained: Trained, said: list[str]) -> None:
    trained("", opt_ml="folder")
    assert said[-1].startswith("warning: nothing is in ")


def test_a_shell_script_is_given_arguments_as_well(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text('#!/bin/sh\necho "$1 $2" >$SM_MODEL_DIR/seen; test "$1 $2" = "--text a  b"\n')  # not executable
    ended = run(Job(Script(tmp_path / "train.sh"), hyperparameters={"text": "a  b"}, opt_ml="folder"), tmp_path / "out")
    assert (ended.status, names(tmp_path / "out/model.tar.gz")) == ("Completed", ["seen"])


def image(folder: Path, text: str) -> Image:
    folder.mkdir()
    (folder / "train").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "train").chmod(0o755)
    return Image(folder)


def test_a_program_finds_python_where_there_is_a_python3_alone(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\necho $1 >$2\n")
    (tmp_path / "python3").chmod(0o755)
    program = image(tmp_path / "trees", "python called $SAGEMAKER_BASE_DIR/model/seen")
    ended = run(Job(program, python=str(tmp_path / "python3"), opt_ml="folder"), tmp_path / "out")
    assert (ended.status, names(tmp_path / "out/model.tar.gz")) == ("Completed", ["seen"])


def test_the_program_of_an_image_is_run_where_it_lies(tmp_path: Path) -> None:
    if why_not := refusal(tmp_path, tmp_path):
        pytest.skip(why_not)
    program = image(
        tmp_path / "trees", "{ pwd; echo $# $SM_MODEL_DIR; cat /opt/ml/input/config/hyperparameters.json; } >/opt/ml/model/seen"
    )
    ended = run(Job(program, hyperparameters={"depth": "6"}), tmp_path / "out")
    assert ended.status == "Completed", ended
    with tarfile.open(tmp_path / "out/model.tar.gz") as archive:
        seen = archive.extractfile("seen").read().decode().splitlines()
    assert seen == [str(tmp_path / "trees"), "0", '{"depth": "6"}']


def test_without_a_namespace_hard_coded_folders_are_named(
    trained: Trained, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "refusal", lambda base, scratch: "unshare failed: Operation not permitted")
    trained("import os\nplace = os.environ.get('SM_MODEL_DIR', '/opt/ml/model')\n")
    assert said[0].startswith(
        "no mount namespace for /opt/ml (unshare failed: Operation not permitted): the folders are below SAGEMAKER_BASE_DIR="
    )
    assert "train.py:2 mentions /opt/ml, where this job's folders are not" in said[1]
    with pytest.raises(MachineError, match=r"trees/train:2 mentions /opt/ml.*\[no-opt-ml\]"):
        run(Job(image(tmp_path / "trees", "ls /opt/ml")), tmp_path / "new")
    with pytest.raises(MachineError, match="this machine allows no mount namespace: unshare failed"):
        trained("", opt_ml="namespace")
    monkeypatch.setattr(opt_ml, "OPT_ML", str(tmp_path))
    with pytest.raises(MachineError, match=r"there can be no link at .*: File exists(.|\n)*does another job run"):
        trained("", opt_ml="link")
    assert not (tmp_path / "new").exists()


PIP = """
import os, sys
folder, file = sys.argv[sys.argv.index("--target") + 1], sys.argv[sys.argv.index("-r") + 1]
if "bad" in open(file).read():
    sys.exit(1)
os.mkdir(folder)
open(folder + "/wanted.py", "w").write("VERSION = 7")
"""


def test_requirements_are_installed_on_request_alone(said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "src"
    for path, text in {
        "src/train.py": "import wanted",
        "src/requirements.txt": "wanted",
        "pip/__main__.py": PIP,
        "pip/__init__.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # where a stand-in for pip is
    script = Script(Path("train.py"), source)
    assert run(Job(script, opt_ml="folder"), tmp_path / "out", said.append).status == "Failed"
    assert "requirements.txt is not installed; --install does so, for this job alone" in said
    assert run(Job(script, opt_ml="folder", install=True), tmp_path / "out").status == "Completed"
    (source / "requirements.txt").write_text("bad")
    with pytest.raises(MachineError, match=r"requirements.txt could not be installed.*\[install\]"):
        run(Job(script, opt_ml="folder", install=True), tmp_path / "out")


def test_what_cannot_be_run_is_refused_before_anything_is_written(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("")
    with pytest.raises(RequestError, match="files not written by Tilth"):
        trained("", opt_ml="folder")
    with pytest.raises(RequestError, match="cannot be started: No such file or directory"):
        run(Job(Script(tmp_path / "train.py"), opt_ml="folder", python=str(tmp_path / "none")), tmp_path / "new")
    assert left(tmp_path) == ["out"]


def test_a_model_that_cannot_be_delivered_is_kept(
    trained: Trained, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full after hours of training: what was learned stays."""

    def full(folder: Path, to: Path) -> list[str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "packed", full)
    with pytest.raises(MachineError, match="the disk is full"):
        trained("import os; open(os.environ['SM_MODEL_DIR'] + '/weights', 'w').write('1')", opt_ml="folder", name="long")
    (kept,) = tmp_path.glob("*/model")
    assert (kept / "weights").read_text() == "1"
    assert left(tmp_path) == [kept.parent.name]
    assert said[-1] == f"model.tar.gz could not be written; what train.py made is in {kept}"
