"""Doors can be cut off: without them, all the rest is imported and passes its quick tests.

That no door imports another one is among the layers in pyproject.toml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house.tree import DOORS, PACKAGE, ROOT, left_out, module, python, sources

QUICK = "not slow and not spark and not browser and not shared_data"
SECONDS = 300
REST = [
    "tests/flow/test_serving.py",
    "tests/metrics/test_metric.py",
    "tests/report/test_json.py",
    "tests/steps/clean/test_impute.py",
]  # a part of each layer

IMPORTED_AND_TESTED = """
import importlib, sys, pytest
for name in {modules!r}: importlib.import_module(name)
sys.exit(pytest.main({words!r}))
"""


@pytest.mark.slow
def test_the_rest_stands(tmp_path: Path) -> None:
    """In a copy of the project without the doors and their tests. `python -m tilth` goes with the command line."""
    gone = {place / door for place in (PACKAGE, ROOT / "tests") for door in DOORS}
    gone |= {PACKAGE / "__main__.py", *(ROOT / "tests" / "house").glob("test_*.py")}

    def without(folder: str, names: list[str]) -> set[str]:  # what is compiled already need not be compiled again
        return {n for n in names if Path(folder, n) in gone or (n != "__pycache__" and left_out(Path(folder, n)))}

    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True, ignore=without)
    modules = [module(ROOT / path.relative_to(tmp_path)) for path in sources(tmp_path / "src")]
    words = [*REST, "-x", "-m", QUICK, "-p", "no:cacheprovider", "--hypothesis-profile=amputation"]
    words += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # Jupyter imports anyio, which is a plug-in of pytest as well
    done = python("-c", IMPORTED_AND_TESTED.format(modules=modules, words=words), cwd=tmp_path, source=tmp_path / "src", seconds=SECONDS)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
