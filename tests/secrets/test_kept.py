"""Values are kept for their time, and not when making one fails."""

from __future__ import annotations

import pytest

from tilth.secrets import kept
from tilth.secrets.kept import Kept


def test_a_value_is_made_again_after_its_time(monkeypatch):
    found, now = Kept(), [0.0]
    monkeypatch.setattr(kept, "monotonic", lambda: now[0])
    with pytest.raises(ZeroDivisionError):
        found.get("a", lambda: 1 / 0, 60)
    assert found.get("a", lambda: 0, 60) == found.get("a", lambda: 1, 60) == 0  # a false value, too
    assert found.get("b", lambda: 1, 0) != found.get("b", lambda: 2, 60)
    now[0] = 61
    assert found.get("a", lambda: 1, 60) == 1


def test_values_that_are_over_and_those_that_are_too_many_are_let_go(monkeypatch):
    found, now = Kept(), [0.0]
    monkeypatch.setattr(kept, "monotonic", lambda: now[0])
    monkeypatch.setattr(kept, "MOST", 3)
    for i in range(5):
        found.get(i, lambda: 0, 60)
    assert list(found._held) == [2, 3, 4]
    assert found.get(2, lambda: 1, 60) == 0 and found.get(1, lambda: 1, 60) == 1
    now[0] = 61
    found.get(9, lambda: 0, 60)
    assert list(found._held) == [9]
