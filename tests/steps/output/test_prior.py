"""prior: by Bayes' rule, by the published form for two classes, and for a model that learned from balanced classes."""

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.steps.output.prior import Prior

ROLES = Roles.of(label="y", positive="yes")
LABEL = ["no"] * 8 + ["yes"] * 2
P = [0.0, 0.1, 0.5, 0.9, 1.0, None, -0.5, 1.5, 0.3, 0.7]


def test_one_column_is_the_positive_class():
    found = made(Prior("p"), {"p": P, "y": LABEL}, ROLES)["p"]
    beta = 2 / 8  # the share of the larger class that is kept to make both as large
    assert found == [None if p is None or not 0 <= p <= 1 else pytest.approx(beta * p / (beta * p - p + 1), abs=1e-15) for p in P]


def test_the_last_class_is_the_positive_one_where_no_role_says_it():
    for y, last in ((LABEL, 0.2), ([9] * 8 + [10] * 2, 0.2), ([True] * 8 + [False] * 2, 0.8)):
        assert made(Prior("p"), {"p": [0.5] * 10, "y": y}, Roles.of(label="y"))["p"][0] == pytest.approx(last)


def test_several_columns_by_bayes_rule():
    table = {"a": [0.2, 0.0], "b": [0.3, 0.0], "c": [0.5, 0.0], "y": ["u", "v"]}
    table = {k: v * 5 if k != "y" else ["u"] * 5 + ["v"] * 3 + ["w"] * 2 for k, v in table.items()}
    found = made(Prior(("b", "a", "c"), classes=("u", "w", "v"), trained={"u": 2, "v": 1, "w": 1}), table, Roles.of(label="y"))
    scaled = np.array([0.2, 0.3, 0.5]) * [0.2, 0.5, 0.3] / np.array([0.25, 0.5, 0.25])  # of a, b and c: w, u and v
    assert [found[c][0] for c in "abc"] == pytest.approx(scaled / scaled.sum())
    assert [found[c][1] for c in "abc"] == [None, None, None]  # no class is possible


def test_a_model_of_balanced_classes_predicts_their_share_again(tmp_path):
    """Trained on as many rows of both classes, of which one is forty-two times as frequent."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    few = np.arange(43_000) < 1_000
    x = rng.normal(size=len(few)) + 1.5 * few
    under = np.flatnonzero(few | (rng.random(len(few)) < 1 / 42))
    p = LogisticRegression().fit(x[under, None], few[under]).predict_proba(x[:, None])[:, 1]
    assert p.mean() > 5 * few.mean()
    text = "data: {roles: {label: y}}\nfeatures: [{cast: {columns: p, to: float}}]\noutput: [{prior: p}]"
    table = pa.table({"p": p, "y": few})
    flow = tilth.fit(Flow.parse(text), table)
    mended = tilth.write(tilth.apply(flow, table))["p"].to_numpy()
    assert mended.mean() == pytest.approx(few.mean(), rel=0.1)
    assert (np.argsort(mended, kind="stable") == np.argsort(p, kind="stable")).all()
    again = Flow.load(flow.save(tmp_path / "f.tilth"))
    assert again.row({"p": p[7], "y": None})["p"] == mended[7]


@pytest.mark.parametrize(
    ("step", "table", "message"),
    [
        (Prior("p"), {"p": ["x", "x"], "y": ["a", "b"]}, r"'p' \(string\) is not numeric"),
        (Prior("q*"), {"p": [0.1], "y": ["a"]}, "no column is chosen"),
        (Prior("p"), {"p": [0.1], "y": ["a"]}, "fewer than two classes"),
        (Prior(("p", "q")), {"p": [0.1] * 2, "q": [0.1] * 2, "y": ["a", "b"]}, r"2 columns \(p, q\) for 1 classes"),
        (Prior("p", classes=("c",)), {"p": [0.1] * 2, "y": ["a", "b"]}, "'c' are not classes of 'y'"),
        (Prior("p", trained={"a": 1}), {"p": [0.1] * 2, "y": ["a", "b"]}, "`trained` has nothing for 'b'"),
        (Prior("p"), {"p": [0.1] * 2, "y": [0.5, 2.0]}, "the label 'y' holds fractions"),
    ],
)
def test_what_has_no_prior_is_rejected(step, table, message):
    with pytest.raises(RequestError, match=message):
        made(step, table, Roles.of(label="y"))


def test_numbers_that_are_not_above_0_are_rejected():
    with pytest.raises(RequestError, match="not above 0"):
        Prior("p", trained={"a": 0, "b": 1})
