"""Associations of numbers and categories, against pandas, scipy and formulas; and their sections."""

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.measures.associations import Numbers, cramers_v, standardized
from tilth.report.blocks import plain
from tilth.report.page import page

CODES = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=2, max_size=60)
N = 400
RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=N)
TABLE = pa.table(
    {
        "id": range(N),
        "x": X,
        "twice": 2 * X,
        "noise": RANDOM.normal(size=N),
        "group": np.where(X < -0.5, "low", np.where(X < 0.5, "mid", "high")),
        "many": [f"value {i}" for i in range(N)],
        "same": ["a"] * N,
        "day": [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(N)],
        "paid": np.where(X + RANDOM.normal(size=N) > 0, "yes", "no"),
    }
)


def found(roles=None, table=TABLE):
    return tilth.measure(tilth.read(table, roles=roles or {}), "profile")


def correlation_ratio(codes, x):
    return Numbers.of([standardized(x)]).correlation_ratios({"codes": codes})["codes"][0]


def correlated(x):
    return Numbers.of(list(map(standardized, x))).correlations()


def test_correlations_are_those_of_pandas_with_values_missing():
    pandas = pytest.importorskip("pandas")
    x = RANDOM.normal(size=(4, 50))
    x[1] += x[0]
    x[0, :5] = x[2, 3:9] = np.nan
    assert correlated(x) == pytest.approx(pandas.DataFrame(x.T).corr().to_numpy(), abs=1e-12)
    assert np.isnan(correlated(np.array([[1.0, 1.0], [1.0, 2.0]]))[0]).all()


def test_cramers_v_is_that_of_bergsma():
    stats = pytest.importorskip("scipy.stats")
    a, b = RANDOM.integers(0, 3, 200), RANDOM.integers(0, 4, 200)
    b = np.where(RANDOM.random(200) < 0.4, a, b)
    counts = np.zeros((3, 4))
    np.add.at(counts, (a, b), 1)
    phi2 = stats.chi2_contingency(counts, correction=False).statistic / 200
    corrected = max(0, phi2 - 2 * 3 / 199)
    rows, columns = 3 - 2**2 / 199, 4 - 3**2 / 199
    assert cramers_v(a, b) == pytest.approx(math.sqrt(corrected / (min(rows, columns) - 1)))


def test_the_correlation_ratio_is_that_of_an_analysis_of_variance():
    stats = pytest.importorskip("scipy.stats")
    codes, x = RANDOM.integers(0, 4, 100), RANDOM.normal(size=100)
    x += codes
    f = stats.f_oneway(*(x[codes == k] for k in range(4))).statistic
    assert correlation_ratio(codes, x) == pytest.approx(math.sqrt(3 * f / (3 * f + 96)))  # F = (η² / (k − 1)) / ((1 − η²) / (n − k))
    with_gaps = np.append(codes, [-1, 2]), np.append(x, [50.0, np.nan])
    assert correlation_ratio(*with_gaps) == pytest.approx(correlation_ratio(codes, x))


def test_categories_give_the_same_together_as_each_alone():
    codes = {name: RANDOM.integers(-1, k, 100) for name, k in (("a", 2), ("b", 5), ("c", 900))}
    numbers = Numbers.of([standardized(np.where(RANDOM.random(100) < 0.2, np.nan, RANDOM.normal(size=100))) for _ in range(3)])
    together = numbers.correlation_ratios(codes)
    for name, own in codes.items():
        assert together[name] == pytest.approx(numbers.correlation_ratios({name: own})[name])


@given(CODES)
def test_strengths_are_from_0_to_1_or_not_defined(pairs):
    a, b = np.array(pairs).T
    for value in (cramers_v(a, b), cramers_v(b, a), correlation_ratio(a, b.astype(float))):
        assert value != value or 0 <= value <= 1
    assert cramers_v(a, b) == pytest.approx(cramers_v(b, a), nan_ok=True)


def test_the_strongest_pairs_are_named_and_ids_constants_and_many_strings_left_out():
    (finding,) = found({"id": "id"}).of("associations")
    pairs = {(a, b): (measure, value) for a, b, measure, value in finding.payload.pairs}
    assert finding.payload.pairs[0][:2] == ("x", "twice")
    assert finding.payload.pairs[0][3] == finding.value == 1
    assert finding.payload.columns == ("x", "twice", "noise", "group", "day", "paid")
    assert pairs["x", "group"][0] == "correlation ratio" and pairs["x", "group"][1] > 0.8
    assert pairs["group", "paid"][0] == "Cramér's V"
    section = next(s for s in page(found({"id": "id"})).sections if s.key == "associations")
    assert plain(section.advice[0].words) == "Nearly the same information: x and twice."


def test_each_feature_stands_beside_the_label():
    report = found({"id": "id", "label": "paid", "positive": "yes"})
    findings = {f.subject[0]: f for f in report.of("feature")}
    assert next(iter(findings)) in ("x", "twice")
    assert findings["group"].payload.of == "share of yes"
    groups = {name: (rows, share) for name, rows, share in findings["group"].payload.groups}
    group, paid = TABLE["group"].to_numpy(zero_copy_only=False), TABLE["paid"].to_numpy(zero_copy_only=False)
    assert groups["low"] == ((group == "low").sum(), pytest.approx(np.mean(paid[group == "low"] == "yes"), abs=1e-6))
    assert [name for name, _, _ in findings["day"].payload.groups] == ["quarter 1", "quarter 2", "quarter 3", "quarter 4"]
    assert sum(rows for _, rows, _ in findings["x"].payload.groups) == N


def test_a_numeric_label_has_means_and_private_values_are_masked():
    report = found({"label": "noise", "private": ["group", "x"]})
    findings = {f.subject[0]: f.payload for f in report.of("feature")}
    assert findings["group"].of == "mean noise"
    assert {name for name, _, _ in findings["group"].groups} == {"***"}
    assert [name for name, _, _ in findings["x"].groups] == ["quarter 1", "quarter 2", "quarter 3", "quarter 4"]


@pytest.mark.parametrize("digits", [0, 3])
def test_means_of_a_numeric_label_are_those_of_its_rows(digits):
    """Whole numbers are summed at once, others by `fsum`."""
    y = np.round(100 * TABLE["noise"].to_numpy(), digits)
    table = pa.table({"y": y, "group": TABLE["group"], "two": [7, 9] * (N // 2)})
    groups = {f.subject[0]: f.payload.groups for f in found({"label": "y"}, table).of("feature")}
    for name, own in (("group", table["group"].to_numpy(zero_copy_only=False)), ("two", np.tile(["7", "9"], N // 2))):
        for value, rows, mean in groups[name]:
            assert (rows, mean) == ((own == value).sum(), pytest.approx(y[own == value].mean(), rel=1e-5))


def test_quarters_of_few_private_values_have_no_empty_group():
    """Between two values three of the quartiles are no value."""
    table = pa.table({"y": [0.5, 1.5] * 9, "x": [0, 1] * 9})
    groups = [f.payload.groups for f in found({"label": "y", "private": ["x"]}, table).of("feature")]
    assert groups == [(("quarter 1", 9, 0.5), ("quarter 2", 9, 1.5))]


def test_a_feature_that_gives_the_label_away_is_pointed_out():
    table = TABLE.append_column("leak", pa.array(["1" if v == "yes" else "0" for v in TABLE["paid"].to_pylist()]))
    sections = page(found({"label": "paid"}, table)).sections
    (advice,) = next(s for s in sections if s.key == "features").advice
    assert plain(advice.words) == "leak nearly gives the label away: is it known at prediction time?"


def test_a_few_rows_or_an_extreme_do_not_make_columns_the_same():
    x = np.append(RANDOM.normal(size=40), 1000)
    table = pa.table({"x": x, "twice": 2 * x, "kind": ["a", "b"] * 20 + ["c"], "few": [*(2 * x[:8]), *[None] * 33], "half": x / 2})
    (finding,) = found(table=table).of("associations")
    assert {(a, b) for a, b, _, value in finding.payload.pairs if abs(value) >= 0.95} > set(finding.payload.alike)
    assert set(finding.payload.alike) == {("x", "twice"), ("x", "half"), ("twice", "half")}


def test_one_column_has_no_associations():
    assert not found(table=pa.table({"x": [1, 2]})).of("associations")


def test_where_most_numbers_are_the_smallest_these_are_a_group():
    table = pa.table({"y": [1.0] * 70 + [3.0] * 30, "x": [0.0] * 60 + list(map(float, range(1, 41)))})
    groups = [f.payload.groups for f in found({"label": "y"}, table).of("feature")]
    assert groups == [(("0", 60, 1.0), ("1 to 20.5", 20, 2.0), ("20.5 to 40", 20, 3.0))]


def test_advice_is_on_columns_that_are_delivered():
    """In a run, what preparation left out gives no label away, and an equal row that was dropped is told from one that was not."""
    table = pa.concat_tables([TABLE.append_column("leak", TABLE["x"]), TABLE.append_column("leak", TABLE["x"]).slice(0, 50)])
    flow = """
data: {roles: {label: x}}
rows: [dedupe]
split: {train: 0.8, test: 0.2}
features: [{select: [x, noise, twice]}]
measure: [profile]
"""
    advice = [plain(words) for words, _ in page(tilth.run(tilth.Flow.parse(flow), data=table)).advice]
    assert "twice nearly gives the label away: is it known at prediction time?" in advice
    assert "11.1 % of the rows as read are duplicates of an earlier row, 0 % of train and 0 % of test." in advice
    assert not any("leak" in words for words in advice)
