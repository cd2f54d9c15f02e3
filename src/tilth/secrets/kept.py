"""A cache of values with a time limit."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 10_000  # number of kept values; the oldest are removed


class Kept(Generic[T]):
    """Values in the memory of this process, each kept until its time limit. They are not shown.

    >>> kept = Kept()
    >>> kept.get("a", lambda: 1, 60), kept.get("a", lambda: 2, 60), kept.get("a", lambda: 3, 60, fresh=True)
    (1, 1, 3)
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable, make: Callable[[], T], seconds: float, *, fresh: bool = False) -> T:
        """The kept value of a key. If there is none, or with `fresh`, it is made and kept for `seconds`."""
        now = monotonic()
        if (found := self._held.get(key)) and now <= found[0] and not fresh:
            return found[1]
        self._held.pop(key, None)
        made = make()
        ended = [k for k, (until, _) in list(self._held.items()) if now > until]
        for old in ended or list(self._held)[: max(0, len(self._held) - MOST + 1)]:
            self._held.pop(old, None)
        if seconds:
            self._held[key] = (now + seconds, made)
        return made
