"""Classes, as pandas finds them."""

import pytest

from tests.measures.disclosure.people import QUASI, SENSITIVE, people, risk
from tilth.measures.disclosure.measure import DisclosureRisk


def test_classes_are_those_of_pandas():
    table = people()
    k, found = risk(table, DisclosureRisk(QUASI, SENSITIVE, k=4))
    sizes = table.to_pandas().groupby(list(QUASI), dropna=False).size()
    assert (k, found.classes, found.rows) == (sizes.min(), len(sizes), 300)
    assert found.rows_below == sizes[sizes < 4].sum()
    assert found.at_risk == sizes[1 / sizes > 0.2].sum()
    assert found.mean_risk == pytest.approx((sizes / sizes).sum() / 300)
    assert sum(rows for *_, rows in found.sizes) == 300
    assert all(low <= s <= high for low, high, n, _ in found.sizes for s in sizes[(sizes >= low) & (sizes <= high)])
