"""Partial dependence, beside its definition and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError
from tilth.measures.explain.pdp import PDP, Pdp
from tilth.report.blocks import Picture, plain
from tilth.report.html import to_html

N = 200
X = np.random.default_rng(4).normal(size=(N, 2))
TABLE = pa.table({"a": X[:, 0], "b": X[:, 1], "age": [19 + i % 57 for i in range(N)], "s": ["x", "x", "y", None] * (N // 4)})


def rule(rows):
    a, b = rows["a"].to_numpy(), rows["b"].to_numpy()
    return a**2 + a * b + 10 * np.array([s == "x" for s in rows["s"].to_pylist()])


def dependence(measure=None, table=TABLE):
    return {f.subject[0]: f for f in tilth.measure(table, measure or Pdp(rule)).of("pdp")}


def test_a_range_of_numbers_is_asked_about_at_the_centres_of_buckets():
    found = dependence(Pdp(lambda rows: rows["age"].to_numpy() / 2, buckets=20, columns=("age",)))["age"].payload
    assert found.values == pytest.approx(np.arange(20.4, 75, 2.8))  # of 19 to 75: (75 − 19) / 20 apart, from 19 + 1.4
    assert found.means == pytest.approx(np.round(found.values) / 2)  # a column of integers is given integers
    assert sum(found.shares) == pytest.approx(1)
    assert found.errors == pytest.approx([0] * 20)


def test_means_and_errors_are_those_of_the_definition():
    found = dependence(Pdp(rule, curves=3))["a"]
    p, rows = found.payload, TABLE.to_pydict()
    for value, mean, error in zip(p.values, p.means, p.errors, strict=True):
        predicted = np.array([value**2 + value * b + 10 * (s == "x") for b, s in zip(rows["b"], rows["s"], strict=True)])
        assert mean == pytest.approx(predicted.mean())
        assert error == pytest.approx(predicted.std(ddof=1) / N**0.5)
    assert found.value == pytest.approx(max(p.means) - min(p.means))
    assert [len(c) for c in p.curves] == [15] * 3


def test_other_columns_are_asked_about_at_their_values():
    p = dependence()["s"].payload
    assert (p.categorical, p.values, p.shares) == (True, ("x", "y"), (0.5, 0.25))
    assert p.means[0] - p.means[1] == pytest.approx(10)
    two = pa.table({"flag": [0, 1, 1, None], "yes": [True, True, False, None], "none": pa.nulls(4, pa.float64())})
    found = dependence(Pdp(lambda rows: np.nan_to_num(rows["flag"].cast("float64").to_numpy())), two)
    assert (found["flag"].payload.values, found["flag"].payload.means) == ((0, 1), (0.0, 1.0))
    assert found["yes"].payload.values == (True, False)
    assert (found["none"].value, found["none"].payload.values) == (0.0, ())


def test_codes_are_asked_about_at_their_values_and_shown_in_order():
    table = pa.table({"code": [5, 0, 1, 1, None, 3], "share": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    found = dependence(Pdp(lambda rows: rows["share"].to_numpy(), buckets=4), table)
    p = found["code"].payload
    assert (p.categorical, p.values, p.shares) == (True, (0, 1, 3, 5), pytest.approx((1 / 6, 1 / 3, 1 / 6, 1 / 6)))
    assert all(isinstance(v, int) for v in p.values)
    assert not found["share"].payload.categorical
    assert len(dependence(Pdp(lambda rows: rows["share"].to_numpy(), buckets=3), table)["code"].payload.values) == 3


def test_the_features_that_matter_most_are_kept():
    assert list(dependence(Pdp(rule, top=2))) == ["s", "a"]
    assert list(dependence(Pdp(rule, features=("age",)))) == ["age"]
    with pytest.raises(RequestError, match="does not take 'z'"):
        dependence(Pdp(rule, features=("z",)))


def test_values_of_private_columns_are_not_shown():
    data = tilth.read(TABLE, roles={"private": "s"})
    assert "s" not in dependence(Pdp(rule), data)
    with pytest.raises(RequestError, match="'s', which is private"):
        dependence(Pdp(rule, features=("s",)), data)


def test_a_model_of_classes_has_the_partial_dependence_of_scikit_learn(tmp_path):
    inspection = pytest.importorskip("sklearn.inspection")
    io = pytest.importorskip("skops.io")
    from sklearn.linear_model import LogisticRegression

    label = np.digitize(X[:, 0] + X[:, 1] ** 2, (0, 1))
    model = LogisticRegression().fit(X, label)
    io.dump(model, tmp_path / "m.skops")
    found = tilth.measure(TABLE, Pdp(str(tmp_path / "m.skops"), columns=("a", "b"), features=("a",))).of("pdp")
    assert [f.payload.output for f in found] == ["0", "1", "2"]
    values = found[0].payload.values
    theirs = inspection.partial_dependence(model, X, [0], method="brute", custom_values={0: np.array(values)})
    np.testing.assert_allclose([f.payload.means for f in found], theirs["average"], rtol=1e-9)


def test_it_is_shown_as_curves_and_bars():
    report = tilth.measure(TABLE, Pdp(rule, curves=5))
    section = PDP.section(report.of("pdp"))
    pictures = [b for b in section.blocks if isinstance(b, Picture)]
    captions = {f.columns: plain(b.caption) for f, b in zip(report.of("pdp"), pictures, strict=True)}
    assert len(captions) == 4 and "chart" not in captions["s"]
    assert captions["a"].endswith("In the chart, thin lines are single rows, bars the shares of rows.")
    assert plain(section.lead).startswith("s changes the mean prediction most")
    assert "How predictions depend on a feature" in to_html(report)


def test_without_rows_there_are_no_findings():
    assert not tilth.measure(TABLE.slice(0, 0), Pdp(rule)).findings
