"""Formats numbers for people, and prepares them for charts."""

from __future__ import annotations

import math


def number(x: float | None) -> str:
    """A number as people read it: four significant digits, thousands separated, powers of ten if it is very large or small.

    >>> [number(x) for x in (1234567, 0.1021337, -12.5, 1e-9, 6.02214e23, None, float("nan"), float("-inf"))]
    ['1,234,567', '0.1021', '−12.5', '1×10⁻⁹', '6.022×10²³', 'no value', 'not a number', '−∞']
    """
    x = as_float(x)
    if x is None:
        return "no value"
    if math.isnan(x):
        return "not a number"
    sign, size = "−" if x < 0 else "", abs(x)
    if math.isinf(size):
        return f"{sign}∞"
    if size >= 1e9 or 0 < size < 1e-4:
        mantissa, exponent = f"{size:.3e}".split("e")
        return f"{sign}{trimmed(mantissa)}×10{str(int(exponent)).translate(_RAISED)}"
    if size == int(size):
        return f"{sign}{int(size):,}"
    return sign + trimmed(f"{size:,.{max(0, 3 - math.floor(math.log10(size)))}f}")


def with_interval(x: float | None, low: float | None = None, high: float | None = None) -> str:
    """A number, followed by its interval if it has one.

    >>> with_interval(0.5, 0.4, 0.6), with_interval(0.5)
    ('0.5 (0.4 to 0.6)', '0.5')
    """
    return number(x) if low is None or high is None else f"{number(x)} ({number(low)} to {number(high)})"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as per cent with one digit; small shares are never written as 0 %, nor large ones as 100 %.

    >>> [percent(x) for x in (0.1234, 0, 1, 0.00001, 0.99999, None)]
    ['12.3 %', '0 %', '100 %', '<0.1 %', '>99.9 %', 'no value']
    """
    share = as_float(share)
    if share is None or not math.isfinite(share):
        return number(share)
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    size = abs(share) * 100
    return ("−" if share < 0 else "") + (f"{trimmed(f'{size:.1f}')} %" if size < 1e6 else f"{number(size)} %")


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def trimmed(decimal: str) -> str:
    """A decimal without trailing zeros."""
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def as_float(x: float | None) -> float | None:
    """The number as a float; infinite if it is too large."""
    if x is None:
        return None
    try:
        return float(x)
    except OverflowError:  # an integer too large for a float
        return math.inf if x > 0 else -math.inf


def finite(x: float | None) -> float | None:
    """The number if it can be placed on an axis. Numbers beyond 1e300 count as infinite, because differences would overflow."""
    x = as_float(x)
    return x if x is not None and abs(x) < 1e300 else None


def as_count(n: float | None) -> float:
    """The number as a count: missing, negative and infinite numbers are 0."""
    return max(finite(n) or 0.0, 0.0)
