"""Which tables in memory somebody still holds, so that an engine can let go of the others."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Hashable

from tilth.data import Memory, Source


class Holders:
    """Counts the sources that stand for one table in memory.

    An engine that many calls share would otherwise keep every table that it was ever given. What Python collects it collects at any
    moment, in the midst of a query too, so an end is only noted, and the engine asks for it when it has nothing else to do.

    >>> import pyarrow as pa
    >>> holders, table = Holders(), pa.table({"x": [1]})
    >>> source = Memory(table, ("x",), id(table))
    >>> key = holders.key(source)
    >>> del source
    >>> holders.ended() == {key}
    True
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, set[int]] = {}
        self._ends: deque[tuple[Hashable, int]] = deque()

    def key(self, source: Source) -> Hashable:
        """What stands for a source among an engine's names: itself, but for a table in memory something that does not hold the table."""
        if not isinstance(source, Memory):
            return source
        key, mark = ("memory", source.identity, source.columns), id(source)
        held = self._held.setdefault(key, set())
        if mark not in held:
            held.add(mark)
            weakref.finalize(source, self._ends.append, (key, mark)).atexit = False
        return key

    def ended(self) -> set[Hashable]:
        """The keys of tables that nobody holds any more, each told once. To be asked before `key` is: an address may be used again."""
        ended = set[Hashable]()
        while self._ends:
            key, mark = self._ends.popleft()
            held = self._held.get(key, set())
            held.discard(mark)
            if not held:
                self._held.pop(key, None)
                ended.add(key)
        return ended
