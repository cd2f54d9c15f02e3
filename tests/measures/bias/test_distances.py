"""Distances of a numeric label, against scipy."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.measures.bias.tables import by_name, found
from tilth.measures.bias import Facet

ENGINE = duckdb_session()
LABELS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)) | st.integers(-9, 9).map(float), min_size=2, max_size=25)


@pytest.mark.slow
@given(LABELS, LABELS)
def test_both_distances_equal_those_of_scipy(a, d):
    scipy = pytest.importorskip("scipy.stats")
    table = pa.table({"f": ["a"] * len(a) + ["d"] * len(d) + [None, "d"], "y": [*a, *d, 5.0, None]})
    got = by_name(found(table, ENGINE, facets=["f"], label="y", positive=0, types={"y": "continuous"}), "d")
    assert got["continuous_ks"].value == pytest.approx(scipy.ks_2samp(a, d, method="asymp").statistic, rel=1e-9, abs=1e-12)
    assert got["wasserstein"].value == pytest.approx(scipy.wasserstein_distance(a, d), rel=1e-9, abs=1e-9)


def test_one_scan_serves_all_groups_of_a_facet():
    engine = duckdb_session()
    table = pa.table({"f": list("abcd") * 10, "y": [x / 3 for x in range(40)]})
    found(table, engine, facets=["f"], label="y", positive=5)
    assert len(engine.scans) == 2


def test_a_label_of_categories_and_an_empty_group_have_none():
    table = pa.table({"f": ["a", "b"] * 10, "y": [x / 3 for x in range(20)], "c": ["x", "y"] * 10})
    assert "wasserstein" not in by_name(found(table, facets=["f"], label="c", positive="x"), "a")
    assert "wasserstein" not in by_name(found(table, facets=[Facet("f", ("z",))], label="y", positive=5), "z")


def test_infinite_labels_are_left_out():
    table = pa.table({"f": ["a", "a", "d", "d", "d"], "y": [1.0, 2.0, 1.0, 3.0, float("inf")]})
    assert by_name(found(table, facets=["f"], label="y", positive=1), "d")["wasserstein"].value == pytest.approx(0.5)
