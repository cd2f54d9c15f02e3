"""On a shelf one idea is one file with one test file of the same name: `steps/scale/scale.py`, `tests/steps/scale/test_scale.py`."""

from __future__ import annotations

import pytest

from tests.house.tree import PACKAGE, ROOT, sources

SHELVES = ("formats", "measures", "metrics", "secrets", "steps", "store")


@pytest.mark.parametrize("folder", SHELVES)
def test_every_file_has_its_test_file(folder: str) -> None:
    files = [path.relative_to(PACKAGE) for path in sources(PACKAGE / folder) if not path.name.startswith("__")]
    assert not [str(path) for path in files if not (ROOT / "tests" / path).with_name(f"test_{path.name}").exists()]
