"""Sources of tables: plain descriptions that an engine can scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.store.catalog import CatalogTable
from tilth.store.places import Copies


@dataclass(frozen=True)
class Files:
    """Files of one format. `options` are the format's own (delimiter, header …), sorted, so that equal sources are equal.

    `columns` are the names in the files; `typed`: whether they have types, unlike CSV. `state` is the state of the files when
    they were opened: files that changed since are another source, and are read again. `copies` holds local copies of remote files, and
    keeps them alive; `table` is the table of a catalog that the files belong to. `scans` are functions of the format: name of an engine → a
    function of this source and the engine's session.
    """

    format: str
    paths: tuple[str, ...]
    columns: tuple[str, ...]
    options: tuple[tuple[str, Any], ...] = ()
    typed: bool = True
    state: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    copies: Copies | None = field(default=None, repr=False, compare=False)
    table: CatalogTable | None = field(default=None, repr=False, compare=False)
    scans: Mapping[str, Callable[[Files, Any], Any]] = field(default_factory=dict, repr=False, compare=False)

    def option(self, name: str, default: Any = None) -> Any:
        """The value of an option."""
        return dict(self.options).get(name, default)

    def __str__(self) -> str:
        if self.table:
            return self.table.place
        if self.copies:
            return self.copies.place
        return self.paths[0] if len(self.paths) == 1 else f"{len(self.paths)} files ({self.paths[0]} …)"


@dataclass(frozen=True)
class Memory:
    """An Arrow table in memory. Two such sources are equal only if they hold the same object. `place` is where it was read, if it was."""

    table: Any = field(repr=False, compare=False)
    columns: tuple[str, ...]
    identity: int = 0
    typed: bool = True
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", self.identity or id(self.table))

    def __str__(self) -> str:
        return self.place or f"table in memory ({self.table.num_rows} rows)"


@dataclass(frozen=True)
class Native:
    """A table in an engine: a DuckDB relation or a Spark frame. `ordered`: whether row order is significant.

    `place` is where it was read, if it was; `held` keeps its rows in the engine.
    """

    engine: str
    handle: Any = field(repr=False, compare=False)
    columns: tuple[str, ...]
    identity: int = 0
    typed: bool = True
    ordered: bool = False
    place: str = field(default="", compare=False)
    held: object = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.place or f"{self.engine} table"


Source = Files | Memory | Native
