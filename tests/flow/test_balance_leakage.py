"""What balancing before and after the split would say of a model: the one is refused, the other gives an honest score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier

import tilth
from tilth.errors import FlowError
from tilth.flow import Flow

NAMES = ["area", "grey", "gradient", "noise", "contrast", "shape", "malignant"]
FLOW = """
data: {{roles: {{id: row, label: malignant}}}}
split: {{train: 0.75, test: 0.25, by: stratified, seed: {seed}}}
features: [{{scale: numeric}}]
{part}: [{{balance: {{with: smote, seed: {seed}}}}}]
"""


def test_smote_ahead_of_the_split_is_refused_by_reading() -> None:
    with pytest.raises(FlowError, match="balance makes or drops rows for the model's sake, so it may touch the training part only"):
        Flow.parse(FLOW.format(seed=0, part="rows"))


@pytest.mark.slow
@pytest.mark.shared_data
def test_smote_after_the_split_gives_an_honest_score(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    """The mean of three seeds; with rows that are made from test rows five neighbours would say 0.97."""
    table = pd.read_csv(shared_data("tabular/mammography.csv"), header=None, names=NAMES).reset_index(names="row")
    scores = []
    for seed in range(3):
        tilth.run(Flow.parse(FLOW.format(seed=seed, part="training")), tmp_path / str(seed), data=table)
        train, test = (tilth.arrays(tmp_path / str(seed) / part) for part in ("train", "test"))
        said = KNeighborsClassifier(n_neighbors=5).fit(train.X, train.y).predict(test.X)
        scores.append(f1_score(test.y == "'1'", said == "'1'"))
    assert 0.4 < sum(scores) / 3 < 0.5


@pytest.mark.slow
@pytest.mark.shared_data
def test_probabilities_are_those_of_the_data_once_corrected(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    """One row in 43 is malignant; a model that learned from as many of either says so again after `prior`."""
    table = pd.read_csv(shared_data("tabular/mammography.csv"), header=None, names=NAMES).reset_index(names="row")
    flow = Flow.parse(FLOW.format(seed=0, part="training").replace("smote", "under"))
    report = tilth.run(flow, tmp_path / "out", data=table)
    assert "BALANCED_PROBABILITIES" in [f.name for f in report.of("warning")]
    train, test = (tilth.arrays(tmp_path / "out" / part) for part in ("train", "test"))
    assert (train.y == "'1'").mean() == 0.5
    forest = RandomForestClassifier(300, min_samples_leaf=5, random_state=0).fit(train.X, train.y == "'1'")
    scored = pa.table({"score": forest.predict_proba(test.X)[:, 1], "malignant": test.y})
    learned = pa.table({"score": np.zeros(len(table)), "malignant": table["malignant"]})
    prior = Flow.parse("data: {roles: {label: malignant, positive: \"'1'\"}}\nfeatures: [prior: score]")
    corrected = tilth.write(tilth.apply(tilth.fit(prior, learned), scored))["score"].to_numpy()
    share = (table["malignant"] == "'1'").mean()
    assert scored["score"].to_numpy().mean() > 4 * share
    assert corrected.mean() == pytest.approx(share, rel=0.1)
