"""Lines to paste into a flow file as remedies: steps, roles, reading rules, rules in DQDL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tilth.engine.user_sql.writing import literal, quoted_identifier
from tilth.yaml import yaml_value


@dataclass(frozen=True)
class Remedy:
    """A `line`, and its `place` in the flow file: `data`, `roles` (within `data`), `check`, or a part with steps.

    Without a line there is no remedy.
    """

    place: str = ""
    line: str = ""


NOTHING = Remedy()


def step(part: str, name: str, parameters: Any) -> Remedy:
    """A step of a part.

    >>> step("features", "select", ["!id"]).line
    '- select: ["!id"]'
    """
    return Remedy(part, f"- {name}: {yaml_value(parameters)}")


def of_data(place: str, key: str, value: Any) -> Remedy:
    """A key of `data`, or of its `roles`.

    >>> of_data("roles", "id", ["no"]).line
    'id: ["no"]'
    """
    return Remedy(place, f"{key}: {yaml_value(value)}")


def rule(text: str) -> Remedy:
    """A rule in DQDL."""
    return Remedy("check", text)


def dropped(columns: Iterable[str]) -> Remedy:
    """The step that drops columns."""
    return step("features", "select", [f"!{c}" for c in columns])


def kept_where(condition: str) -> Remedy:
    """The step that keeps the rows that meet a condition."""
    return step("rows", "filter", {"where": condition})


def among(name: str, values: Iterable[Any], unless: bool = False) -> str:
    """The condition that a column has one of these values, or, with `unless`, none of them."""
    return f"{quoted_identifier(name)} {'not in' if unless else 'in'} ({', '.join(map(literal, values))})"
