"""Lines of a flow that mend something: steps, roles, reading rules, rules in DQDL; as they are pasted into the flow file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NOT_WORDS = re.compile(r"null|true|false|nan|inf", re.IGNORECASE)  # which YAML reads as another value


@dataclass(frozen=True)
class Remedy:
    """A `line`, and the `place` in the flow file that it goes to: `data`, `roles` (within `data`), `check`, or a part with steps.

    Without a line nothing mends it.
    """

    place: str = ""
    line: str = ""


NOTHING = Remedy()


def step(part: str, name: str, parameters: Any) -> Remedy:
    """A step of a part.

    >>> step("features", "select", ["!id"]).line
    '- select: ["!id"]'
    """
    return Remedy(part, f"- {name}: {written(parameters)}")


def of_data(place: str, key: str, value: Any) -> Remedy:
    """A key of `data`, or of its `roles`.

    >>> of_data("roles", "id", ["no"]).line
    'id: [no]'
    """
    return Remedy(place, f"{key}: {written(value)}")


def rule(text: str) -> Remedy:
    """A rule in DQDL."""
    return Remedy("check", text)


def dropped(columns: Iterable[str]) -> Remedy:
    """The step that leaves columns out."""
    return step("features", "select", [f"!{c}" for c in columns])


def kept_where(condition: str) -> Remedy:
    """The step that keeps the rows for which a condition is true."""
    return step("rows", "filter", {"where": condition})


def written(value: Any) -> str:
    r"""A value as YAML on one line; strings are plain where they are read back as such.

    >>> written({"columns": ["age", "a b", "null"], "values": ["?", -999, True]})
    '{columns: [age, "a b", "null"], values: ["?", -999, true]}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{written(k)}: {written(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, str) and WORDS.fullmatch(value) and not NOT_WORDS.fullmatch(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def column(name: str) -> str:
    """A column in a condition."""
    return f"`{name.replace('`', '``')}`"


def literal(value: Any) -> str:
    r"""A value in a condition.

    >>> print(literal("it's"), literal(0.5))
    'it\'s' 0.5
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def among(name: str, values: Iterable[Any], unless: bool = False) -> str:
    """The condition that a column has one of these values, or has none of them."""
    return f"{column(name)} {'not in' if unless else 'in'} ({', '.join(map(literal, values))})"


def quoted(name: str) -> str:
    r"""A column in DQDL.

    >>> print(quoted('a "b"'))
    "a \"b\""
    """
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
