"""Values that are kept for a while, so that what gives them is not asked each time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 10_000  # values that are kept: the oldest go


class Kept(Generic[T]):
    """Values in the memory of this process, each until its time is over. They are not shown.

    >>> kept = Kept()
    >>> kept.get("a", lambda: 1, 60), kept.get("a", lambda: 2, 60), kept.get("a", lambda: 3, 60, fresh=True)
    (1, 1, 3)
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable, make: Callable[[], T], seconds: float, *, fresh: bool = False) -> T:
        """The value of a key, which is made where it is not kept, or where a `fresh` one is wanted; it is kept for so many seconds."""
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
