"""Atheris on the flow loader: `python -m tests.fuzz.flow -max_total_time=60` from the root of the project.

Each input is a text, read as a flow file. Anything but a flow or a `FlowError` is printed and kept by libFuzzer as `crash-…` in
the folder given by `-artifact_prefix=`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tilth"]):
    import tilth.yaml

import tilth.formats.reading
import tilth.steps.step  # noqa: F401 -- to instrument all that a flow needs takes seconds: only what loads it is

with atheris.instrument_imports(include=["tilth"]):
    from tilth.errors import FlowError
    from tilth.flow import Flow

SEEDS = Path(__file__).parents[2] / "examples"


def one_input(data: bytes) -> None:
    text = data.decode(errors="replace")
    try:
        str(Flow.parse(text))
    except FlowError as error:
        assert error.mistakes, "an error says what is wrong"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in SEEDS.glob("*.yaml"):
            (Path(folder) / path.name).write_text(path.read_text("utf-8"), "utf-8")
        words = [f"-artifact_prefix={folder}/" if "-artifact_prefix" not in " ".join(sys.argv) else "", folder]
        atheris.Setup([*sys.argv, *filter(None, words)], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
