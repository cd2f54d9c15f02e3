"""Writes strings and numbers in rules."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

DIGITS = 2  # significant digits of a bound


def rule_string(text: str) -> str:
    r"""A string in a rule's quotes.

    >>> print(rule_string('say "x" \\ y'))
    "say \"x\" \\ y"
    """
    return rule_sql(text.replace("\\", "\\\\"))


def rule_sql(text: str) -> str:
    """A formula in a rule's quotes, where a backslash is literal."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def fits_rule(text: str) -> bool:
    """Whether a string can be written in a rule and its `where`: it is printable, without a backslash before a quote."""
    return text.isprintable() and '\\"' not in text


def bound(x: int | float | Decimal, down: bool) -> str:
    """A bound with two significant digits, beyond the value; without an exponent, which rules do not support.

    >>> bound(0.2345, down=True), bound(0.2345, down=False), bound(1.99e-10, down=False), bound(-1234, down=True), bound(7, down=True)
    ('0.23', '0.24', '0.0000000002', '-1300', '7')
    """
    exact = Decimal(repr(x)) if isinstance(x, float) else Decimal(x)
    rounded = Context(DIGITS, ROUND_FLOOR if down else ROUND_CEILING).create_decimal(exact)
    return f"{rounded.normalize():f}" if rounded else "0"
