"""balance: its parameters."""

import pytest

from tests.steps.made import fitted
from tilth.errors import ColumnError, RequestError
from tilth.steps.balance.balance import Balance


def test_a_label_that_is_not_there():
    with pytest.raises(ColumnError, match="did you mean 'y'"):
        fitted(Balance("over", label="Y"), {"y": ["a"]})


@pytest.mark.parametrize(
    ("way", "more"),
    [
        ("over", {"ratio": 0}),
        ("over", {"ratio": 1.5}),
        ("weights", {"cap": 0.5}),
        ("smote", {"neighbours": 0}),
        ("borderline_1", {"m_neighbours": 101}),
        ("over", {"neighbours": 3}),
        ("tomek", {"ratio": 0.5}),
        ("weights", {"weights": "cost"}),
        ("weights", {"per_class": {"a": 1}}),
        ("over", {"ratio": 0.5, "per_class": {"a": 1}}),
    ],
)
def test_contradictory_parameters_are_rejected(way, more):
    with pytest.raises(RequestError, match="balance: `"):
        Balance(way, **more)


def test_it_is_allowed_in_training_only():
    assert Balance.parts == {"training"}
