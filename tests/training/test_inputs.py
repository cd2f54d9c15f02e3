"""The channels of a whole job: a program at /opt/ml reads the same objects of S3 in each mode."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from tilth.store.places import atomic
from tilth.training.channel import Channel
from tilth.training.job import Job, run
from tilth.training.program import Script

PROGRAM = """
import json, os
data = os.environ["SM_INPUT_DIR"] + "/data"
found = {mode: [open(f"{data}/{mode}/{name}").read() for name in sorted(os.listdir(f"{data}/{mode}"))] for mode in ("File", "FastFile")}
found["Pipe"] = [open(f"{data}/Pipe_{epoch}").read() for epoch in range(2)]
json.dump(found, open(os.environ["SM_MODEL_DIR"] + "/found.json", "w"))
"""


def test_a_job_reads_objects_of_s3_in_each_mode(s3, tmp_path: Path):
    contents = {"a.csv": "1,2\n", "b.csv": "3,4"}
    for name, content in contents.items():
        with atomic(f"{s3}/in/{name}") as path:
            path.write_text(content)
    (tmp_path / "train.py").write_text(PROGRAM)
    channels = tuple(Channel(mode, f"{s3}/in/", mode, content_type="text/csv") for mode in ("File", "FastFile", "Pipe"))
    ended = run(Job(Script(tmp_path / "train.py"), channels, spill=str(tmp_path)), tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "model.tar.gz") as archive:
        (member,) = (archive.extractfile(m) for m in archive.getmembers() if m.isfile())
        found = json.loads(member.read())
    assert found == {"File": [*contents.values()], "FastFile": [*contents.values()], "Pipe": ["".join(contents.values())] * 2}
    assert [(c.objects, c.bytes) for c in ended.channels] == [(2, 7), (2, 7), (2, 14)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "train.py"]
