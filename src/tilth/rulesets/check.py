"""A check in a file of another product, and what reads such files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """A check: its place in the file, a function that gives its rules, its table if the file names it, and how the rules differ.

    `rules` raises `Unsupported` if no rules mean the same.
    """

    source: str
    rules: Callable[[], list[str]]
    table: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Converter:
    """Converts the files of a product. `kind` and `noun` name a file and a check in messages; both functions take the content.

    `variable` finds placeholders in a rule that the product would replace by a value that is not in the file.
    """

    kind: str
    noun: str
    recognises: Callable[[Any], bool]
    checks: Callable[[Any], Iterable[Check]]
    variable: str = "(?!)"


def list_in(value: Any) -> list[Any]:
    """A list of the file; empty if the value is not a list."""
    return value if isinstance(value, list) else []


def mapping_in(value: Any) -> dict[str, Any]:
    """A mapping of the file; empty if the value is not a mapping."""
    return dict(value) if isinstance(value, dict) else {}


def mappings_in(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list of a file."""
    return [one for one in list_in(value) if isinstance(one, dict)]


def named(check: Any) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a check that is written as its name, or as a mapping of that to its arguments.

    >>> named("unique"), named({"accepted_values": {"values": ["a"]}})
    (('unique', {}), ('accepted_values', {'values': ['a']}))
    """
    name, given = next(iter(check.items())) if isinstance(check, dict) and check else (check, None)
    return str(name), mapping_in(given)
