"""How a draft writes what it has seen: words of YAML, names in formulas, texts and numbers in rules."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_expression
from tilth.errors import ExpressionError
from tilth.flow.text import plain

DIGITS = 2  # of a bound, that matter


def word(text: str) -> str:
    """A text as YAML: bare where it is read as that text, else in quotes.

    >>> word("age"), word("no"), word("007"), word("12"), word("a b")
    ('age', 'no', '007', '"12"', '"a b"')
    """
    bare = re.fullmatch(r"[\w./][\w./-]*", text) is not None and plain(text) == text and text.isprintable()
    return text if bare else quoted(text)


def quoted(text: str) -> str:
    """A text in YAML's double quotes; what cannot be printed is escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in written)


def words(texts: Iterable[str]) -> str:
    """Texts as a list of YAML, on one line."""
    return f"[{', '.join(word(t) for t in texts)}]"


def value(of: Any) -> str:
    """A value as YAML."""
    if isinstance(of, list | tuple):
        return f"[{', '.join(value(v) for v in of)}]"
    return word(of) if isinstance(of, str) else json.dumps(of)


def remark(text: str) -> str:
    """A text as part of a comment: on one line, and nothing in it that cannot be printed."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def identifier(name: str) -> str:
    """A column's name in a formula: bare where it is read as that column, else in back-quotes.

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


def rule_text(text: str) -> str:
    r"""A name or a value in a rule's quotes.

    >>> print(rule_text('say "x" \\ y'))
    "say \"x\" \\ y"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def rule_sql(text: str) -> str:
    """A formula in a rule's quotes, where a backslash stays what it is."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def fits_rule(text: str) -> bool:
    """Whether a text can stand in a rule and its `where`: all of it is printable, and no backslash ahead of a quote, which would end it."""
    return text.isprintable() and '\\"' not in text


def bound(x: int | float | Decimal, down: bool) -> str:
    """A bound with two digits that matter, on the outer side of the value; never with an exponent, which rules do not have.

    >>> bound(0.2345, down=True), bound(0.2345, down=False), bound(1.99e-10, down=False), bound(-1234, down=True), bound(7, down=True)
    ('0.23', '0.24', '0.0000000002', '-1300', '7')
    """
    exact = Decimal(repr(x)) if isinstance(x, float) else Decimal(x)
    if not exact:
        return "0"
    step = Decimal(1).scaleb(math.floor(exact.copy_abs().log10()) - DIGITS + 1)
    rounded = (exact / step).to_integral_value(ROUND_FLOOR if down else ROUND_CEILING) * step
    return f"{rounded.normalize():f}"
