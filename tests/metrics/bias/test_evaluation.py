"""Intervals, tests and verdicts of results."""

import pytest

from tests.metrics.bias.tables import RUNNING, by_name, found, rows
from tilth.metrics.bias import Facet

ASKED = {"facets": [Facet("facet", ("d",))], "label": "label", "positive": "yes"}


def test_every_metric_has_a_bootstrap_interval_around_its_value():
    got = by_name(found(RUNNING, bootstrap=1000, **ASKED), "d")
    for name, f in got.items():
        if name != "CDDL":
            assert f.low <= f.value <= f.high
            assert (f.details["method"], f.confidence) == ("bootstrap", 0.95)
    closed = by_name(found(RUNNING, **ASKED), "d")
    assert got["DPL"].low == pytest.approx(closed["DPL"].low, abs=0.02)
    assert got["DPL"].high == pytest.approx(closed["DPL"].high, abs=0.02)
    assert got["CI"].low == pytest.approx(closed["CI"].low, abs=0.02)


def test_the_seed_and_the_confidence_are_the_requests():
    first, again, other = (by_name(found(RUNNING, bootstrap=200, seed=s, **ASKED), "d")["DPL"] for s in (1, 1, 2))
    assert (first.low, first.high) == (again.low, again.high) != (other.low, other.high)
    wide = by_name(found(RUNNING, bootstrap=200, seed=1, confidence=0.99, **ASKED), "d")["DPL"]
    assert wide.low <= first.low <= first.high <= wide.high
    assert wide.confidence == 0.99


def test_closed_forms_where_there_are_any():
    """§8.1: SE 0.08307 and 0.137 … 0.463 for DPL."""
    got = by_name(found(RUNNING, **ASKED), "d")
    assert {m: f.details["method"] for m, f in got.items() if f.details["method"]} == {"CI": "normal", "DPL": "normal"}
    assert (got["DPL"].low, got["DPL"].high) == (pytest.approx(0.137, abs=5e-4), pytest.approx(0.463, abs=5e-4))


def test_p_values_are_adjusted_over_all_facets():
    table = RUNNING.append_column("other", RUNNING["facet"])
    findings = found(table, **{**ASKED, "facets": [Facet("facet", ("d",)), Facet("other", ("d",))]})
    p = by_name(findings, "d")["DPL"].details
    assert p["p_value"] == pytest.approx(0.000407, abs=5e-7)  # two-sided, of z = 3.5355
    assert p["p_adjusted"] == p["p_value"]  # the larger of two equal ones
    assert by_name(findings, "d")["KL"].details["p_value"] is None


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        pytest.param((500, 480), "within", id="the interval inside the band"),
        pytest.param((900, 300), "outside", id="the interval outside"),
        pytest.param((500, 400), "unclear", id="the interval across the border"),
    ],
)
def test_a_verdict_needs_the_whole_interval(shares, verdict):
    a, d = shares
    table = rows("facet label", {("a", "yes"): a, ("a", "no"): 1000 - a, ("d", "yes"): d, ("d", "no"): 1000 - d})
    got = by_name(found(table, bootstrap=300, verdicts=True, **ASKED), "d")
    assert got["DPL"].details["verdict"] == verdict
    assert got["DPL"].details["band"] == [-0.1, 0.1]
    assert got["KL"].details["verdict"] is None  # there is no band for it


def test_verdicts_are_off_by_default_and_bands_are_the_users():
    assert by_name(found(RUNNING, **ASKED), "d")["DPL"].details["verdict"] is None
    wide = by_name(found(RUNNING, verdicts=True, bands={"DPL": (-0.6, 0.6)}, **ASKED), "d")["DPL"]
    assert (wide.details["verdict"], wide.details["band"]) == ("within", [-0.6, 0.6])


def test_a_small_group_gets_no_verdict():
    got = by_name(found(RUNNING, verdicts=True, min_group_size=60, **ASKED), "d")["DPL"]
    assert got.details["notes"] == ["small group: 50 rows, fewer than 60"]
    assert got.details["verdict"] is None
    assert got.value == pytest.approx(0.3)


def test_a_value_by_convention_gets_no_verdict():
    counts = {("s", "a", "yes"): 40, ("t", "d", "no"): 40}
    got = by_name(found(rows("g facet label", counts), group="g", verdicts=True, **ASKED), "d")["CDDL"]
    assert (got.details["status"], got.details["verdict"]) == ("degenerate", "not determinable")
    assert got.message.startswith("not determinable (")


def test_a_thousand_draws_are_quick():
    """§21 allows a second for three facets with twenty strata; here with room for a slow machine."""
    import time

    table = rows("facet label g", {(f, y, s): 30 for f in "abcde" for y in ("yes", "no") for s in range(20)})
    table = table.append_column("x", table["facet"]).append_column("z", table["facet"])
    begin = time.perf_counter()
    found(table, bootstrap=1000, facets=["facet", "x", "z"], label="label", positive="yes", group="g")
    assert time.perf_counter() - begin < 3
