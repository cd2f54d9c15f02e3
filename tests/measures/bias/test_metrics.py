"""Laws that the metrics keep, as properties."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.measures.bias.tables import found, values
from tilth.measures.bias import BIAS_METRICS, Facet
from tilth.measures.bias.contingency import Contingency
from tilth.measures.bias.metrics import plain_disparity

COUNT = st.integers(0, 60)


@st.composite
def tables(draw, strata=None):
    """Rows by side, stratum, label and prediction, the last of each unknown; at least one row of known outcomes on each side."""
    s = strata or draw(st.integers(1, 3))
    shape = (1, 2, s + 1, 3, 3)
    size = int(np.prod(shape))
    numbers = np.array(draw(st.lists(COUNT, min_size=size, max_size=size)), dtype=float).reshape(shape)
    for side in (0, 1):
        numbers[0, side, 0, draw(st.integers(0, 1)), draw(st.integers(0, 1))] += 1
    return Contingency(numbers)


def value(name, sides):
    return float(BIAS_METRICS[name].formula(sides)[0])


def near(x):
    return pytest.approx(x, rel=1e-9, abs=1e-12)


def test_names_and_bands_are_those_of_the_data_file():
    """Descriptions are those of Clarify's result files, spelling included; the bands are conventions, that of DI the four-fifths rule."""
    known = json.loads(Path(__file__).with_name("metrics.json").read_text("utf-8"))
    assert [*BIAS_METRICS] == [*known]
    for name, m in BIAS_METRICS.items():
        found = {"description": m.description, "stage": m.stage, "neutral": m.neutral, "band": m.band and list(m.band)}
        assert found == known[name], name


@given(tables())
def test_swapping_the_sides_negates_differences_and_leaves_distances(t):
    swapped = Contingency(t.numbers[:, ::-1])
    for name in ("CI", "DPL", "DPPL", "AD", "RD", "SD", "DAR", "DRR"):
        assert value(name, swapped) == near(-value(name, t))
    for name in ("DCA", "DCR", "TE"):
        if not BIAS_METRICS[name].undefined(t):
            assert value(name, swapped) == near(-value(name, t))
    for name in ("JS", "LP", "TVD", "KS", "GE"):
        assert value(name, swapped) == near(value(name, t))
    if 0 < value("DI", t) < math.inf:
        assert value("DI", swapped) == near(1 / value("DI", t))


@given(tables())
def test_perfect_predictions_leave_the_bias_of_the_labels(t):
    """The label is the prediction: no difference in accuracy, and that in predictions is that in labels."""
    perfect = np.zeros_like(t.numbers)
    for y in range(3):
        perfect[..., y, y] = t.numbers[..., y, :].sum(axis=-1)
    for name in ("AD", "RD", "SD", "DAR", "DRR", "GE"):
        assert value(name, Contingency(perfect)) == near(0)
    assert value("DPPL", Contingency(perfect)) == near(value("DPL", t))


@given(tables())
def test_folded_distances_are_one_number(t):
    dpl = abs(value("DPL", t))
    assert value("TVD", t) == near(dpl)
    assert value("KS", t) == near(dpl)
    assert value("LP", t) == near(math.sqrt(2) * dpl)
    assert value("JS", t) <= dpl * math.log(2) + 1e-12


@given(tables())
def test_values_keep_to_their_range(t):
    for name, m in BIAS_METRICS.items():
        found = value(name, t)
        assert math.isnan(found) or m.range[0] - 1e-12 <= found <= m.range[1] + 1e-12


@given(tables(strata=1))
def test_one_stratum_is_as_none(t):
    known = t.numbers.copy()
    known[:, :, 1] = 0
    assert value("CDDL", Contingency(known)) == near(plain_disparity(Contingency(known), "label"))


@given(tables())
def test_without_strata_disparity_is_none_exactly_where_there_is_parity(t):
    n = t.known("label")[0]
    if n.sum(axis=0).all():  # rejected and accepted
        assert (abs(plain_disparity(t, "label")) < 1e-12) == (abs(value("DPL", t)) < 1e-12)


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_strata_changes_nothing(t, random):
    order = [*random.sample(range(t.numbers.shape[2] - 1), t.numbers.shape[2] - 1), t.numbers.shape[2] - 1]
    assert value("CDDL", Contingency(t.numbers[:, :, order])) == near(value("CDDL", t)) or math.isnan(value("CDDL", t))


@given(tables(), st.integers(2, 5))
def test_more_of_the_same_changes_nothing(t, times):
    for name in BIAS_METRICS:
        assert value(name, Contingency(t.numbers * times)) == near(value(name, t)) or not math.isfinite(value(name, t))


ENGINE = duckdb_session()
ROW = st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["yes", "no", None]), st.sampled_from(["s", "t", None]))


@pytest.mark.slow
@given(st.lists(ROW, min_size=1, max_size=40))
def test_rows_counted_by_hand_give_the_same(rows):
    """The definitions, row by row in Python."""
    facet, label, group = (list(c) for c in zip(*rows, strict=True))
    import pyarrow as pa

    table = pa.table({"f": pa.array(facet, pa.string()), "y": pa.array(label, pa.string()), "g": pa.array(group, pa.string())})
    got = values(found(table, ENGINE, facets=[Facet("f", ("b",))], label="y", positive="yes", group="g", force_group=True), "b")
    known = [(f == "b", y == "yes") for f, y, _ in rows if f and y]
    d, a = [y for side, y in known if side], [y for side, y in known if not side]
    assert got["DPL"] == (near(sum(a) / len(a) - sum(d) / len(d)) if a and d else None)
    n_d, n = sum(f == "b" for f in facet), sum(f is not None for f in facet)
    assert got["CI"] == (near((n - 2 * n_d) / n) if 0 < n_d < n else None)
    assert got["CDDL"] == by_hand([(f == "b", y == "yes", g) for f, y, g in rows if f and y and g])


def by_hand(rows):
    """CDDL, or None where a side, the acceptances or the refusals are empty."""
    if {side for side, _, _ in rows} != {True, False} or {y for _, y, _ in rows} != {True, False}:
        return None
    total = 0.0
    for stratum in {g for _, _, g in rows}:
        here = [(side, y) for side, y, g in rows if g == stratum]
        shares = [(sum(side for side, y in here if y == out), sum(y == out for _, y in here)) for out in (False, True)]
        refused, accepted = (part / whole if whole else 0.0 for part, whole in shares)
        total += len(here) * (refused - accepted)
    return near(total / len(rows))
