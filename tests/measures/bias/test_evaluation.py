"""Intervals, tests and verdicts of results."""

import numpy as np
import pytest

from tests.measures.bias.tables import PREDICTED, RUNNING, adult, by_name, found, rows
from tilth.measures.bias import Facet

ASKED = {"facets": [Facet("facet", ("d",))], "label": "label", "positive": "yes"}


def test_every_metric_has_a_bootstrap_interval_around_its_value():
    got = by_name(found(RUNNING, bootstrap=1000, **ASKED), "d")
    for name, f in got.items():
        if name != "CDDL":
            assert f.low <= f.value <= f.high
            assert (f.payload.method, f.confidence) == ("bootstrap", 0.95)
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
    got = by_name(found(RUNNING, **ASKED), "d")
    assert {m: f.payload.method for m, f in got.items() if f.payload.method} == {"CI": "normal", "DPL": "normal"}
    assert (got["DPL"].low, got["DPL"].high) == (pytest.approx(0.137, abs=5e-4), pytest.approx(0.463, abs=5e-4))  # error 0.08307


def test_closed_forms_after_training():
    """The error of a ratio is on the log scale: √(1/15 − 1/50 + 1/60 − 1/100)."""
    got = by_name(found(PREDICTED, prediction="p", **ASKED), "d")
    assert {m: f.payload.method for m, f in got.items() if m in ("DPPL", "DI", "AD")} == dict.fromkeys(("DPPL", "DI", "AD"), "normal")
    spread = 1.959963984540054 * (1 / 15 - 1 / 50 + 1 / 60 - 1 / 100) ** 0.5
    assert (got["DI"].low, got["DI"].high) == (pytest.approx(0.5 * np.exp(-spread)), pytest.approx(0.5 * np.exp(spread)))
    drawn = by_name(found(PREDICTED, prediction="p", bootstrap=1000, **ASKED), "d")
    for name in ("DPPL", "DI", "AD"):
        assert drawn[name].low == pytest.approx(got[name].low, abs=0.06)
        assert drawn[name].high == pytest.approx(got[name].high, abs=0.06)


def test_p_values_are_adjusted_over_all_facets():
    table = RUNNING.append_column("other", RUNNING["facet"])
    findings = found(table, **{**ASKED, "facets": [Facet("facet", ("d",)), Facet("other", ("d",))]})
    p = by_name(findings, "d")["DPL"].payload.to_json()
    assert p["p_value"] == pytest.approx(0.000407, abs=5e-7)  # two-sided, of z = 3.5355
    assert p["p_adjusted"] == p["p_value"]  # the larger of two equal ones
    assert by_name(findings, "d")["KL"].payload.p_value is None


SAYS = {"within": "interval is within", "outside": "interval is outside", "unclear": "crosses a border of"}


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
    assert got["DPL"].payload.verdict == verdict
    assert got["DPL"].message.endswith(f"{SAYS[verdict]} −0.1 to 0.1, the conventionally accepted band.")
    assert got["DPL"].payload.band == (-0.1, 0.1)
    assert got["KL"].payload.verdict is None  # there is no band for it


def test_a_rate_of_few_rows_is_not_a_difference_that_is_sure():
    """None of 2 favourable rows of d is predicted so: draws of 0 of 2 never vary, so the interval alone would be narrow and far from 0."""
    cells = {("a", "yes", "yes"): 600, ("a", "yes", "no"): 400, ("a", "no", "no"): 1000, ("d", "yes", "no"): 2, ("d", "no", "no"): 98}
    got = by_name(found(rows("facet label predicted", cells), **ASKED, prediction="predicted", bootstrap=300, verdicts=True), "d")["RD"]
    assert got.low > 0.5 and got.payload.p_value > 0.05  # Fisher's exact test: chance in one of six such tables
    assert "60 percentage points (perhaps by chance)" in got.message
    assert got.payload.verdict is None and got.payload.notes == ("small group: the recall of d is that of 2 rows, fewer than 30",)


def test_verdicts_are_off_by_default_and_bands_are_the_users():
    assert by_name(found(RUNNING, **ASKED), "d")["DPL"].payload.verdict is None
    wide = by_name(found(RUNNING, verdicts=True, bands={"DPL": (-0.6, 0.6)}, **ASKED), "d")["DPL"]
    assert (wide.payload.verdict, wide.payload.band) == ("within", (-0.6, 0.6))
    assert wide.message.endswith("The whole interval is within −0.6 to 0.6, the band that was set.")


def test_a_small_group_gets_no_verdict():
    got = by_name(found(RUNNING, verdicts=True, min_group_size=60, **ASKED), "d")["DPL"]
    assert got.payload.notes == ("small group: 50 rows, fewer than 60",)
    assert got.payload.verdict is None
    assert got.value == pytest.approx(0.3)


def test_a_value_by_convention_gets_no_verdict():
    counts = {("s", "a", "yes"): 40, ("t", "d", "no"): 40}
    got = by_name(found(rows("g facet label", counts), group="g", verdicts=True, **ASKED), "d")["CDDL"]
    assert (got.payload.status, got.payload.verdict) == ("degenerate", "not determinable")
    assert got.message.startswith("not determinable (")


# ── by others, on rows that nobody here made up ──


@pytest.fixture(scope="module")
def adults(shared_data):
    """The first 3,000 rows of UCI Adult: few enough to be drawn again and again."""
    return adult(shared_data("tabular/adult-train.csv")).slice(0, 3000)


@pytest.mark.slow
@pytest.mark.shared_data
def test_intervals_are_those_of_rows_drawn_anew(adults):
    """20,000 draws of whole rows by numpy; the 2.5th and 97.5th percentile of each metric, its formula written out here."""
    draws, n = 20_000, adults.num_rows
    columns = {"race": "White", "income": ">50K"}
    d, good = (np.array(adults[c].to_pylist()) == value for c, value in columns.items())
    strata, stratum = np.unique(adults["relationship"].to_pylist(), return_inverse=True)
    chance, cells = np.random.default_rng(1), np.ravel_multi_index((d.astype(int), stratum, good.astype(int)), (2, len(strata), 2))
    drawn = np.array([np.bincount(cells[chance.integers(0, n, n)], minlength=4 * len(strata)) for _ in range(draws)])
    counts = drawn.reshape(draws, 2, len(strata), 2)
    (n_a, n_d), (q_a, q_d) = counts.sum(axis=(2, 3)).T, (counts[..., 1].sum(axis=2) / counts.sum(axis=(2, 3))).T
    p_a, p_d = np.stack([1 - q_a, q_a]), np.stack([1 - q_d, q_d])
    share_of_d = counts[:, 1] / np.maximum(counts.sum(axis=1), 1)
    expected = {
        "CI": (n_a - n_d) / n,
        "DPL": q_a - q_d,
        "KL": (p_a * np.log(p_a / p_d)).sum(axis=0),
        "JS": (p_a * np.log(2 * p_a / (p_a + p_d)) + p_d * np.log(2 * p_d / (p_a + p_d))).sum(axis=0) / 2,
        "LP": np.sqrt(((p_a - p_d) ** 2).sum(axis=0)),
        "TVD": np.abs(q_a - q_d),
        "KS": np.abs(q_a - q_d),
        "CDDL": (counts.sum(axis=(1, 3)) * (share_of_d[..., 0] - share_of_d[..., 1])).sum(axis=1) / n,
    }
    asked = {"facets": [Facet("race", ("White",))], "label": "income", "positive": ">50K", "group": "relationship"}
    got = by_name(found(adults, bootstrap=draws, **asked), "White")
    assert set(got) == set(expected)
    for name, values_drawn in expected.items():
        chance_of_both = 0.12 * values_drawn.std()  # 4 standard errors of the difference of two such percentiles of 20,000 draws
        for found_end, q in ((got[name].low, 2.5), (got[name].high, 97.5)):
            assert found_end == pytest.approx(np.percentile(values_drawn, q), abs=chance_of_both), (name, q)


@pytest.mark.shared_data
def test_closed_forms_and_p_values_are_those_of_scipy(adults):
    """The normal interval of DPL and CI; p by the chi-square test without correction or Fisher's; adjusted by Benjamini and Hochberg."""
    stats = pytest.importorskip("scipy.stats")
    adults = adults.slice(0, 1200)  # fewer than 5 positives are expected of the smallest groups
    findings = found(adults, facets=["race", "sex"], label="income", positive=">50K")
    income, z, ps, adjusted = np.array(adults["income"].to_pylist()) == ">50K", stats.norm.ppf(0.975), [], []
    for facet in ("race", "sex"):
        values = np.array(adults[facet].to_pylist())
        for value in np.unique(values):
            got, d = by_name([f for f in findings if f.payload.to_json().get("facet") == facet], value), values == value
            counts = np.array([[np.sum(side & good) for good in (income, ~income)] for side in (~d, d)])
            sizes = counts.sum(axis=1)
            q = counts[:, 0] / sizes
            error = np.sqrt((q * (1 - q) / sizes).sum())
            assert (got["DPL"].low, got["DPL"].high) == pytest.approx((q[0] - q[1] - z * error, q[0] - q[1] + z * error), rel=1e-9)
            error = 2 * np.sqrt(d.mean() * (1 - d.mean()) / len(d))  # CI is 1 − 2 · the share of d
            assert (got["CI"].low, got["CI"].high) == pytest.approx((1 - 2 * d.mean() - z * error, 1 - 2 * d.mean() + z * error), rel=1e-9)
            few = stats.contingency.expected_freq(counts).min() < 5
            ps.append(stats.fisher_exact(counts).pvalue if few else stats.chi2_contingency(counts, correction=False).pvalue)
            assert got["DPL"].payload.p_value == pytest.approx(ps[-1], rel=1e-9), value
            adjusted.append(got["DPL"].payload.p_adjusted)
    assert adjusted == pytest.approx(stats.false_discovery_control(ps), rel=1e-9)
