"""Here, where expressions are proven to mean the same everywhere, Spark compiles them, as it does for users."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines import COMPILED, changed


@pytest.fixture(autouse=True)
def _compiled(request: pytest.FixtureRequest) -> Iterator[None]:
    if "spark" not in request.fixturenames:
        yield
        return
    with changed(request.getfixturevalue("spark"), COMPILED):
        yield
