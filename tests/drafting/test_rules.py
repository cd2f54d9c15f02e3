"""Bounds in rules are beyond the values, and near them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tilth.drafting.rules import widened

numbers = st.one_of(
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
)


@given(numbers, numbers)
def test_bounds_are_outside_and_near(x: int | float | Decimal, y: int | float | Decimal) -> None:
    low, high = sorted((x, y))
    lower, upper = map(Decimal, widened(low, high))
    a, b = (Decimal(repr(z)) if isinstance(z, float) else Decimal(z) for z in (low, high))
    assert "e" not in "".join(widened(low, high)).lower()
    assert lower < a <= b < upper
    assert float(lower) < float(low) <= float(high) < float(upper)  # engines compare doubles
    spread = b - a or abs(a) or 1
    assert upper - lower <= Decimal("1.4") * spread + 2 + max(abs(a), abs(b)) / 10**11  # integers are rounded to integers
