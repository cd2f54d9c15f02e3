"""Performance of predictions: the rates of Clarify's names, of all rows and of each group."""

import pytest

from tests.measures.bias.tables import PREDICTED, found, rows
from tilth.measures.bias import Facet
from tilth.measures.bias.performance import PERFORMANCE
from tilth.report.blocks import plain

ASKED = {"facets": [Facet("facet", ("d",))], "label": "label", "positive": "yes", "prediction": "p"}


def performances(table, **asked):
    return {f.group: f for f in found(table, **{**ASKED, **asked}) if f.kind == "performance"}


def test_rates_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    y, p = ([v == "yes" for v in PREDICTED[c].to_pylist()] for c in ("label", "p"))
    got = performances(PREDICTED)[""]
    rates = got.payload.rates
    assert got.value == rates["Accuracy"] == pytest.approx(metrics.accuracy_score(y, p))
    assert rates["True Positive Rate / Recall"] == pytest.approx(metrics.recall_score(y, p))
    assert rates["True Negative Rate / Specificity"] == pytest.approx(metrics.recall_score(y, p, pos_label=False))
    assert rates["Acceptance Rate / Precision"] == pytest.approx(metrics.precision_score(y, p))
    assert rates["Rejection Rate"] == pytest.approx(metrics.precision_score(y, p, pos_label=False))
    assert rates["F1 Score"] == pytest.approx(metrics.f1_score(y, p))
    assert rates["Conditional Acceptance"] == pytest.approx(sum(y) / sum(p))
    assert rates["Proportion of Negative Predictions in Labels"] == pytest.approx(1 - sum(p) / len(p))
    assert got.message == "70 % of 150 predictions are right"


def test_a_group_has_its_own():
    got = performances(PREDICTED)["facet=d"].payload
    assert got.cells == (10, 5, 10, 25)
    assert (got.facet_value, got.rates["Accuracy"], got.matrix) == ("d", 0.7, {})


def test_the_others_are_in_the_table_once():
    """The running example: 70 of 100 predictions for a are right, 35 of 50 for d."""
    of = [f for f in found(PREDICTED, **ASKED) if f.kind == "performance"]
    assert (of[1].payload.other, of[1].payload.others) == ("a", (50, 10, 20, 20))
    assert table_of(of) == [["all", "150", "70 %"], ["facet=d", "50", "70 %"], ["facet=a", "100", "70 %"]]
    both = [f for f in found(PREDICTED, **{**ASKED, "facets": ["facet"]}) if f.kind == "performance"]
    assert [row[0] for row in table_of(both)] == ["all", "facet=a", "facet=d"]
    three = rows("facet label p", {("a", "yes", "yes"): 5, ("b", "yes", "no"): 2, ("d", "no", "yes"): 3})
    assert [row[0] for row in table_of(performances(three).values())] == ["all", "facet=d", "others than facet=d"]


def table_of(found):
    table = PERFORMANCE.section(list(found)).blocks[0]
    return [[plain(cell.words) for cell in row[:3]] for row in table.rows]


def test_the_matrix_has_every_value_that_is_predicted():
    table = rows("facet label p", {("a", "good", "good"): 5, ("a", "bad", "good"): 2, ("d", "bad", "worse"): 3, ("d", None, "good"): 4})
    got = performances(table, positive="good")[""].payload
    assert got.matrix == {"bad": {"good": 2, "worse": 3}, "good": {"good": 5}}
    assert (got.cells, got.rows) == ((5, 2, 0, 3), 10)


def test_without_labels_there_is_none():
    assert performances(PREDICTED, label=None, metrics=("DPPL",)) == {}
