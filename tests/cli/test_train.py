"""tilth train: scripts in all input modes, on what Tilth delivered; and its exit codes."""

from __future__ import annotations

import json
import signal
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import tilth as package
from tests.cli.processes import Completed, finish, start

Tilth = Callable[..., Completed]

READS = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
asked = parser.parse_args()
said = json.loads(os.environ["SM_INPUT_DATA_CONFIG"])["train"]

def epochs():
    for epoch in range(asked.epochs):
        if said["TrainingInputMode"] == "Pipe":
            yield open(f"{asked.train}_{epoch}").read()
        else:
            names = sorted(name for name in os.listdir(asked.train) if name[0] != "_")
            yield "".join(open(os.path.join(asked.train, name)).read() for name in names)

json.dump({"read": list(epochs()), **said}, open(os.environ["SM_MODEL_DIR"] + "/seen.json", "w"))
print("trained")
"""


@pytest.fixture
def delivered(tmp_path: Path) -> str:
    """What was delivered: two shards, each row a line of its label and a number."""
    rows = package.read(pa.table({"y": [0, 1, 0, 1], "x": [1, 2, 3, 4]}), roles={"label": "y"})
    package.write(rows, tmp_path / "shards", format="sagemaker_csv", rows_per_shard=2)
    (tmp_path / "train.py").write_text(READS)
    return "0,1\n1,2\n0,3\n1,4\n"


@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
def test_a_script_reads_what_was_delivered(mode: str, delivered: str, tilth: Tilth, tmp_path: Path) -> None:
    done = tilth("train", "train.py", "--channel", f"train=shards,mode={mode}", "--hyperparameter", "epochs=2", "-o", "out")
    assert done.code == 0, done.err
    assert "completed after" in done.err
    given = {
        "File": "linked: 4 of 4 objects",
        "FastFile": "linked, read-only: 4 of 4 objects",
        "Pipe": "streamed: 2 of 2 objects, 32 bytes",
    }
    assert f"channel train: {mode}, {given[mode]}" in done.err
    assert "written to out: model.tar.gz (" in done.err
    with tarfile.open(tmp_path / "out/model.tar.gz") as archive:
        seen = json.load(archive.extractfile("seen.json"))
    assert seen == {
        "read": [delivered, delivered],
        "ContentType": "text/csv;label_size=1",
        "TrainingInputMode": mode,
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    (channel,) = json.loads((tmp_path / "out/job.json").read_text())["channels"]
    assert (channel["place"], channel["mode"], channel["epochs"]) == ("shards", mode, 2 if mode == "Pipe" else 0)


def test_a_program_that_fails_is_exit_code_1_with_its_reason(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import os\nopen(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('no label')\nraise SystemExit(9)\n"
    )
    done = tilth("train", "train.py", "-o", "out")
    assert done.code == 1
    assert ": no label\nnothing was written to out\n" in done.err
    assert not (tmp_path / "out").exists()


def test_a_program_that_reads_every_file_of_a_delivery_is_told_which_are_data(delivered: str, tilth: Tilth, tmp_path: Path) -> None:
    del delivered
    script = "import os\nfolder = os.environ['SM_CHANNEL_TRAIN']\n[[float(x) for x in open(f'{folder}/{n}')] for n in os.listdir(folder)]\n"
    (tmp_path / "train.py").write_text(script)
    done = tilth("train", "train.py", "--channel", "train=shards", "-o", "out")
    assert done.code == 1
    assert "channel train also holds _manifest.json, _tilth.json, which are not data" in done.err


def test_a_wrong_request_is_exit_code_2_before_anything_runs(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("open('ran', 'w')")
    for words, said in (
        (["--channel", "train=nowhere"], "nowhere"),
        (["--channel", "a=train.py", "--channel", "a=train.py"], "2 channels have the name 'a'"),
        (["--python", "no-such-python"], "there is no program 'no-such-python'"),
        (["--time-limit", "soon"], "'soon' is not a time limit"),
        (["--spill", "nowhere"], "'nowhere'"),
        (["--checkpoints", "train.py"], "train.py"),
        (["--name", "a b"], "accepted: 1 to 63 letters, digits and hyphens"),
    ):
        done = tilth("train", "train.py", "-o", "out", *words)
        assert (done.code, said in done.err) == (2, True), done.err
    done = tilth("train", "nowhere.py", "-o", "out", "--channel", "a=b,c=d", "--hyperparameter", "x", "--time-limit", "soon")
    assert [word for word in ("nowhere.py", "option 'c'", "'x' is not a hyperparameter", "'soon'") if word not in done.err] == []
    assert [p.name for p in tmp_path.iterdir()] == ["train.py"]


@pytest.mark.slow
def test_sigterm_packs_what_is_there(tmp_path: Path) -> None:
    """As the service stops a job: the program saves its model when it is asked to end."""
    (tmp_path / "train.py").write_text(
        "import os, signal, sys, time\n"
        "def save(*_): open(os.environ['SM_MODEL_DIR'] + '/model', 'w').write('1'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\nprint('ready', flush=True)\ntime.sleep(100)\n"
    )
    process = start("train", "train.py", "-o", "out", "--spill", tmp_path, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    done = finish(process)
    assert done.code == 128 + signal.SIGTERM
    assert "stopped after" in done.err
    with tarfile.open(tmp_path / "out/model.tar.gz") as archive:
        assert archive.getnames() == ["model"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "train.py"]
