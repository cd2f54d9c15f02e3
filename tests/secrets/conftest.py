"""No secret of one test is known in another."""

from __future__ import annotations

import pytest

from tilth.secrets import hiding, references
from tilth.secrets.kept import Kept


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hiding, "_known", {})
    monkeypatch.setattr(references, "_kept", Kept())
