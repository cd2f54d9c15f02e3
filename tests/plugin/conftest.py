"""The package installed, as `pip install --editable` leaves it: its folder on the path, and its entry points in a folder of metadata."""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tilth.formats.format import FORMATS, by_name
from tilth.measures import MEASURES
from tilth.metrics import METRICS
from tilth.report.sections import SECTIONS
from tilth.rules.types import RULE_TYPES
from tilth.steps import STEPS

HERE = Path(__file__).parent
SHELVES = (FORMATS, MEASURES, METRICS, RULE_TYPES, SECTIONS, STEPS)


def forget() -> None:
    """Have the shelves look again for what is installed."""
    importlib.invalidate_caches()
    for shelf in SHELVES:
        shelf.__dict__.pop("_plugins", None)
        for name in set(shelf._loaded) - set(shelf.built_in):
            del shelf._loaded[name]
    by_name.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    site = tmp_path_factory.mktemp("site")
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"].items()
    groups = (f"[{group}]\n" + "".join(f"{name} = {home}\n" for name, home in own.items()) for group, own in points)
    (info / "entry_points.txt").write_text("\n".join(groups))
    path, environment = list(sys.path), os.environ.get("PYTHONPATH")
    sys.path[:0] = added = [str(HERE), str(site)]
    os.environ["PYTHONPATH"] = os.pathsep.join([*added, environment or ""])
    forget()
    assert metadata.version("tilth-plugin") == "1.0"
    yield
    sys.path[:] = path
    if environment is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = environment
    forget()
