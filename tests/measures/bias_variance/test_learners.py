"""What is trained, and what happens where it cannot be."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from tests.measures.bias_variance.learned import LINE, Nearest, X, measured
from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.measures.bias_variance.learners import Learner
from tilth.metrics.bias_variance import LOSSES

pytest.importorskip("sklearn")
from sklearn import linear_model, naive_bayes, svm  # after the check that it is there
from skops import io


def test_what_a_learner_cannot_do_is_said():
    gaps = LINE.set_column(0, "a", pa.array([None, *LINE["a"].to_pylist()[1:]]))
    (not_learned,) = measured(make=lambda: linear_model.LogisticRegression(), table=gaps)
    assert not_learned.name == "NOT_LEARNED"
    assert not_learned.message.startswith("bias_variance: LogisticRegression cannot learn from these rows: Input X contains NaN")
    with pytest.raises(RequestError, match="LinearSVC gives no probabilities, which loss log needs"):
        measured(make=svm.LinearSVC, loss="log")


def test_rows_of_one_class_have_only_that_to_say():
    """A few rows of a rare class may be missing in a small part; scikit-learn's linear models learn no single class."""
    x, y = np.arange(6.0)[:, None], np.ones(6)
    for loss, said in (("0-1", [1, 1]), ("log", [[0, 1], [0, 1]])):
        learner = Learner(linear_model.LogisticRegression, LOSSES[loss], 2)
        assert learner.trained(x, y)(x[:2]).tolist() == said


def test_a_parameter_that_the_learner_lacks_is_refused():
    with pytest.raises(RequestError, match=r"DecisionTreeClassifier has no parameter 'max_dept'[\s\S]*did you mean 'max_depth'"):
        measured(vary={"max_dept": (1, 2)})
    with pytest.raises(RequestError, match="Nearest has no set_params"):
        measured(make=Nearest, vary={"k": (1, 2)})


@pytest.mark.slow
def test_a_model_of_a_file_is_trained_anew(tmp_path, capsys):
    rows = pa.table({"b": X[:, 1], "a": X[:, 0], "y": LINE["y"]})
    io.dump(naive_bayes.GaussianNB().fit(rows.select(["a", "b"]).to_pandas(), LINE["y"].to_pylist()), tmp_path / "model.skops")
    pyarrow.csv.write_csv(rows, tmp_path / "line.csv")
    words = f"measure {tmp_path}/line.csv --label y --measure bias_variance --model {tmp_path}/model.skops --json"
    assert run(words.split()) == 0
    assert '"GaussianNB"' in capsys.readouterr().out
    numbers = rows.set_column(2, "y", pa.array(X[:, 2]))
    with pytest.raises(RequestError, match="the label is one of numbers, which GaussianNB does not learn"):
        measured(numbers, {"label": "y"}, learner=f"{tmp_path}/model.skops")
