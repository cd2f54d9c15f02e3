"""Products of columns: the laws of a fold."""

import pyarrow as pa

from tilth.steps.scale.moments import Products
from tilth.testing.needs import check_need

TABLE = pa.table({"x": [1.0, 2.0, None, float("inf"), 5.0], "y": [1, None, 3, 4, -2], "z": [0.5, 0.5, 0.5, 0.5, 0.5]})


def test_products_keep_the_laws_of_a_fold():
    check_need(Products(("x", "y", "z"), (1.5, 0.0, 0.5)), TABLE)
