"""Writes what a flow file holds: YAML scalars, lists and mappings on one line, comments, and names and strings in formulas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_expression
from tilth.errors import ExpressionError
from tilth.flow.text import plain


def yaml_string(text: str) -> str:
    """A string as YAML: plain if it is read back as that string, else quoted.

    >>> yaml_string("age"), yaml_string("no"), yaml_string("007"), yaml_string("12"), yaml_string("a b")
    ('age', 'no', '007', '"12"', '"a b"')
    """
    bare = re.fullmatch(r"[\w./][\w./-]*", text) is not None and plain(text) == text and text.isprintable()
    return text if bare else quoted(text)


def quoted(text: str) -> str:
    """A string in YAML's double quotes; unprintable characters are escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in written)


def yaml_list(strings: Iterable[str]) -> str:
    """Strings as a YAML list on one line."""
    return f"[{', '.join(yaml_string(s) for s in strings)}]"


def yaml_value(value: Any) -> str:
    """A value as YAML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(yaml_value(v) for v in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{yaml_string(k)}: {yaml_value(v)}' for k, v in value.items())}}}"
    return yaml_string(value) if isinstance(value, str) else json.dumps(value)


def comment_text(text: str) -> str:
    """A string as part of a comment: on one line, printable characters only."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def identifier(name: str) -> str:
    """A column name in a formula: plain if it is read back as that column, else in backquotes.

    >>> identifier("age"), identifier("pm2.5"), identifier("select")
    ('age', '`pm2.5`', '`select`')
    """
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        try:
            if parse_expression(name, Schema((Column(name, Kind.STRING),))).name == name:
                return name
        except ExpressionError:
            pass
    return f"`{name.replace('`', '``')}`"


def string_literal(text: str) -> str:
    r"""A string in a formula.

    >>> print(string_literal("it's"), string_literal("\\d+"))
    'it\'s' '\\d+'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
