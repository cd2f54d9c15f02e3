"""On a shelf one idea is one file with one test file of the same name: `steps/scale/scale.py`, `tests/steps/scale/test_scale.py`.

An idea that is a folder, because one file would be too long, has one test file, too: `measures/insights/flaws/`,
`tests/measures/insights/test_flaws.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, sources

SHELVES = ("formats", "measures", "metrics", "secrets", "steps", "store")


def is_tested(path: Path) -> bool:
    """Whether the file has its test file, or the folder that it is in."""
    return any((ROOT / "tests" / idea).with_name(f"test_{idea.stem}.py").exists() for idea in (path, path.parent))


@pytest.mark.parametrize("folder", SHELVES)
def test_every_file_has_its_test_file(folder: str) -> None:
    files = [path.relative_to(PACKAGE) for path in sources(PACKAGE / folder) if not path.name.startswith("__")]
    assert not [str(path) for path in files if not is_tested(path)]
