"""One idea, one file, one test file of the same name: `steps/scale.py` and `tests/steps/test_scale.py`."""

from __future__ import annotations

import pytest

from tests.house.tree import PACKAGE, ROOT, sources

SHELVES = {"formats", "metrics", "steps"}
"""Here the rule is a law; elsewhere a file may be tested by its neighbour's tests, and the run names it."""


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_every_file_has_its_test_file(folder: str) -> None:
    lonely = [
        str(path.relative_to(PACKAGE))
        for path in sources(PACKAGE / folder)
        if not path.name.startswith("__") and not (ROOT / "tests" / path.relative_to(PACKAGE)).with_name(f"test_{path.name}").exists()
    ]
    if lonely and folder not in SHELVES:
        pytest.skip(f"no test file of their own: {', '.join(lonely)}")
    assert not lonely
