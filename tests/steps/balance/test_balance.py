"""balance: its parameters."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tilth
from tests.steps.made import fitted, made
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError
from tilth.flow.step_changes import step_finding
from tilth.steps.balance.balance import Balance
from tilth.steps.naming import value_text


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


def test_classes_of_a_private_label_are_masked():
    found = fitted(Balance("over"), {"y": ["sick", "well", "well"]}, Roles.of(label="y", private="y"))
    assert step_finding(found, "training", ["y"]).payload.learned[""] == {"columns": ["y"]} | dict.fromkeys(
        ("before", "after", "duplicate rows"), "***"
    )


FLOW = """
data: {roles: {label: y, facet: sex, id: k}}
split: {train: 0.8, test: 0.2, by: hash(k)}
features: [{encode: sex}]
"""


@pytest.mark.slow
def test_a_run_looks_at_features_alone(tmp_path):
    """What a run keeps beside the features, such as the label and facets as they were, is not a feature."""
    rng = np.random.default_rng(1)
    y = rng.random(300) < 0.3
    table = pa.table({"k": range(300), "x": rng.normal(size=300) + y, "sex": np.where(rng.random(300) < 0.5, "f", "m"), "y": y})
    tilth.run(tilth.Flow.parse(FLOW), tmp_path / "plain", table)
    report = tilth.run(
        tilth.Flow.parse(FLOW + "training: [{balance: {with: tomek, origin: true}}, {balance: smote}]\nmeasure: [bias]"),
        tmp_path / "balanced",
        table,
    )
    plain, balanced = (tilth.write(tilth.read(str(tmp_path / name / "train"))) for name in ("plain", "balanced"))
    cleaned = made(Balance("tomek"), plain, Roles.of(label="y", id="k"))
    steps = [f.payload.learned[""] for f in report.of("step") if f.name == "balance"]
    assert steps[0]["after"] == Counter(map(value_text, cleaned["y"])) != steps[0]["before"]
    kept = tilth.Flow.load(tmp_path / "balanced" / "flow.tilth").need_learned().facts["training"]
    assert [fact["details"]["learned"][""] for fact in kept] == steps
    made_rows = steps[1]["derived rows"]
    assert Counter(balanced["_origin"].to_pylist()) == {"original": len(cleaned["k"]), "derived": made_rows}
    assert balanced.filter(pc.equal(balanced["_origin"], "original"))["k"].to_pylist() == cleaned["k"]
