"""A model that was trained on the loans of `models.py`."""

import pytest

from tests.aws.clarify.models import PAID, X


@pytest.fixture(scope="session")
def classifier():
    """The model, as scikit-learn has it."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(X, PAID)


@pytest.fixture(scope="session")
def saved(classifier, tmp_path_factory):
    """The model in a file."""
    skops = pytest.importorskip("skops.io")
    path = tmp_path_factory.mktemp("model") / "loans.skops"
    skops.dump(classifier, path)
    return str(path)
