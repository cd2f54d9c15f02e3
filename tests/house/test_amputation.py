"""Doors can be cut off: without any one of them, all the rest is imported and passes its quick tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house.tree import DOORS, PACKAGE, ROOT, module, python, sources

QUICK = [
    "-m",
    "not slow and not spark and not browser and not shared_data",
    "-p",
    "no:cacheprovider",
    "-x",
    "--hypothesis-profile=amputation",
]
SECONDS = 60

IMPORT_ALL = "import importlib; [importlib.import_module(name) for name in {modules!r}]"


@pytest.fixture(params=[door for door in DOORS if len(sources(PACKAGE / door)) > 1])
def rest(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the project without one door and its tests. `python -m tilth` goes with the command line."""
    for folder in ("src", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "house"))
        shutil.rmtree(tmp_path / folder / ("tilth" if folder == "src" else "") / request.param)
    if request.param == "cli":
        (tmp_path / "src" / "tilth" / "__main__.py").unlink(missing_ok=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_rest_stands(rest: Path) -> None:
    modules = [module(ROOT / path.relative_to(rest)) for path in sources(rest / "src")]
    done = python("-c", IMPORT_ALL.format(modules=modules), cwd=rest, source=rest / "src")
    assert done.returncode == 0, done.stderr
    done = python("-m", "pytest", "tests", *QUICK, cwd=rest, source=rest / "src", seconds=SECONDS)
    assert done.returncode == 0, done.stdout[-5000:]
