"""A check in a file of another product, and what reads such files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """A check: where it stands in the file, what gives its rules, its table if the file says it, and how rules differ from it.

    `rules` raises `Unsupported` where none say the same.
    """

    source: str
    rules: Callable[[], list[str]]
    table: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Converter:
    """What reads the files of a product. `kind` and `noun` call a file and a check of it; both functions take the file's content."""

    kind: str
    noun: str
    recognises: Callable[[Any], bool]
    checks: Callable[[Any], Iterable[Check]]
