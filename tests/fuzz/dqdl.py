"""Atheris on the DQDL parser: `python -m tests.fuzz.dqdl -max_total_time=60` from the root of the project.

Each input is a text, which is read in both modes. Whatever breaks a law of `tests/rules/test_fuzz_parser.py` is printed
and kept by libFuzzer as `crash-…` in the folder given by `-artifact_prefix=`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

import tilth.metrics.metric  # noqa: F401 -- to instrument all that rules need takes seconds: only they are

with atheris.instrument_imports(include=["tilth"]):
    from tests.rules.cases import cases
    from tests.rules.test_fuzz_parser import holds


def one_input(data: bytes) -> None:
    holds(data.decode(errors="replace"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases()):
            (Path(folder) / f"{number}.dqdl").write_text(case.source)
        words = [f"-artifact_prefix={folder}/" if "-artifact_prefix" not in " ".join(sys.argv) else "", folder]
        atheris.Setup([*sys.argv, *filter(None, words)], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
