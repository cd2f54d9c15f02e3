"""Bounds in rules are beyond the values, and near them."""

from __future__ import annotations

import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tilth.drafting.rules import bound


@given(
    st.one_of(
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.decimals(allow_nan=False, allow_infinity=False, places=4),
    )
)
def test_a_bound_is_outside_and_near(x: int | float | Decimal) -> None:
    low, high = bound(x, down=True), bound(x, down=False)
    exact = Decimal(repr(x)) if isinstance(x, float) else Decimal(x)
    assert Decimal(low) <= exact <= Decimal(high)
    assert "e" not in (low + high).lower()
    assert not x or abs(Decimal(high) - Decimal(low)) <= abs(exact) / 10  # two digits: within a tenth
    assert not isinstance(x, float) or float(low) <= x <= float(high) or not math.isfinite(float(low))
