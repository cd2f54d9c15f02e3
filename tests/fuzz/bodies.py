"""Atheris on binary bodies of requests: `python -m tests.fuzz.bodies -max_total_time=60` from the root of the project.

Each input is a body, which is read as RecordIO-protobuf, NPY and Parquet. Whatever breaks the law of `tests/serve/test_fuzz_bodies.py` is
printed and kept by libFuzzer as `crash-…` in the folder given by `-artifact_prefix=`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

import tilth.flow  # noqa: F401 -- to instrument all that a server needs takes seconds: only the readers are

with atheris.instrument_imports(include=["tilth"]):
    from tests.serve.test_fuzz_bodies import WHOLE, holds


def one_input(data: bytes) -> None:
    for kind in WHOLE:
        holds(data, kind)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for i, body in enumerate(body for bodies in WHOLE.values() for body in bodies):
            (Path(folder) / f"{i}.body").write_bytes(body)
            one_input(body)  # what is imported when it is first needed must not count as the time of an input
        words = [f"-artifact_prefix={folder}/" if "-artifact_prefix" not in " ".join(sys.argv) else "", folder]
        atheris.Setup([*sys.argv, *filter(None, words)], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
