"""Underfitting and overfitting of learners of which it is known."""

import pyarrow as pa
import pytest

import tilth
from tests.measures.bias_variance.learned import LINE, X, measured
from tilth.errors import RequestError
from tilth.measures.bias_variance.measure import BiasVarianceOfLearner

pytest.importorskip("sklearn")
from sklearn.dummy import DummyClassifier  # after the check that it is there


def test_a_constant_underfits():
    f, *_ = measured(replicates=5, make=lambda: DummyClassifier(strategy="prior"))
    assert (f.payload.diagnosis, f.payload.learner) == ("high bias (underfitting)", "DummyClassifier")
    assert f.payload.advice[0] == "try a richer model, better features or less regularisation"
    assert f.payload.advice[1].startswith("more rows will hardly help: twice as many would lower the loss by about")


def test_numbers_have_squared_loss():
    table = pa.table({"a": X[:, 0], "y": X[:, 0] * 2 + X[:, 2]})
    (f,) = measured(table, {"label": "y"}, replicates=5)
    assert (f.payload.loss, f.payload.biased_variance) == ("squared", 0)
    assert f.payload.bias + f.payload.unbiased_variance == pytest.approx(f.payload.mean_loss)
    with pytest.raises(RequestError, match="loss log is not for 'y', a label of numbers"):
        measured(table, {"label": "y"}, loss="log")


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(RequestError, match="bias_variance needs the label"):
        tilth.measure(LINE, "bias_variance")
    with pytest.raises(RequestError, match="would judge rows by others of their group"):
        measured(LINE, {"label": "y", "group": "s"}, sampling="out_of_bag")
    (few,) = measured(LINE.slice(0, 5))
    assert (few.name, few.message) == ("TOO_FEW_ROWS", "bias_variance: 5 labelled rows and 3 features are too few to learn from")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"replicates": 1}, "replicates is 1"),
        ({"replicates": 50, "sampling": "out_of_bag"}, "replicates is 50 with sampling: out_of_bag"),
        ({"vary": {"max_depth": (1,), "min_samples_leaf": (1,)}}, "vary has 2 parameters"),
        ({"vary": {"max_depth": ()}}, "vary has no values"),
        ({"learner": "forest"}, "'forest' is not a learner"),
        ({"learner": "forest.pkl"}, "pickles run code"),
    ],
)
def test_wrong_parameters_are_refused(given, message):
    with pytest.raises(RequestError) as error:
        BiasVarianceOfLearner(**given)
    assert message in str(error.value)
