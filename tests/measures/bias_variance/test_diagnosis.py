"""A diagnosis in words: what it is made of."""

import pytest

from tilth.measures.bias_variance.curves import Point, PowerLaw
from tilth.measures.bias_variance.diagnosis import Evidence, advice


@pytest.mark.parametrize(
    ("train", "unseen", "share", "ends", "name"),
    [
        (0.35, 0.36, 0.1, (0.05, 0.2), "high bias (underfitting)"),
        (0.35, 0.36, 0.6, (0.5, 0.7), "unclear"),
        (0.35, 0.36, 0.3, (0.2, 0.45), "unclear"),
        (0.0, 0.3, 0.7, (0.6, 0.8), "high variance (overfitting)"),
        (0.0, 0.3, 0.2, (0.1, 0.3), "unclear"),
        (0.0, 0.3, 0.5, (0.35, 0.65), "unclear"),
        (0.3, 0.5, 0.5, (0.4, 0.6), "high bias and high variance"),
        (0.1, 0.11, 0.3, (0.2, 0.4), "balanced"),
    ],
)
def test_a_diagnosis_needs_both_kinds_of_evidence(train, unseen, share, ends, name):
    found = Evidence(train, unseen, 0.4, 0.01, share, ends)
    assert found.diagnosis == name
    assert len(found.words) == 3 + (name == "unclear")
    assert bool(advice(found)) == (name != "balanced")


def test_the_loss_that_would_be_good():
    given = {"train": 0.1, "unseen": 0.2, "naive": 0.4, "error": 0.01, "share": 0.5, "ends": (0.4, 0.6)}
    assert Evidence(**given).reference == 0.2
    assert Evidence(**given, best=0.15).reference == 0.15
    assert Evidence(**given, best=0.15, noise=0.18).reference == 0.18
    assert Evidence(**given, best=0.15, noise=0.18, target=0.05).reference == 0.05


@pytest.mark.parametrize(("gain", "words"), [(0.001, "more rows will hardly help"), (0.05, "try more rows")])
def test_more_rows_are_advised_where_they_help(gain, words):
    law = PowerLaw(0.1, 1.0, 0.5, gain, gain / 2, gain * 2)
    found = advice(Evidence(0.0, 0.3, 0.4, 0.01, 0.7, (0.6, 0.8)), law, "max_depth", [Point(2, 0.1, 0.0, 0.2, 0.0)])
    assert found[0] == "set max_depth to 2: the loss on unseen rows is 0.2 then"
    assert found[-1].startswith(f"{words}: twice as many would lower the loss by about")
