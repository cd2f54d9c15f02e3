"""What balancing before and after the split would say of a model: the one is refused, the other gives an honest score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier

import tilth
from tilth.errors import FlowError
from tilth.flow import Flow

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
    names = ["area", "grey", "gradient", "noise", "contrast", "shape", "malignant"]
    table = pd.read_csv(shared_data("tabular/mammography.csv"), header=None, names=names).reset_index(names="row")
    scores = []
    for seed in range(3):
        tilth.run(Flow.parse(FLOW.format(seed=seed, part="training")), tmp_path / str(seed), data=table)
        train, test = (tilth.arrays(tmp_path / str(seed) / part) for part in ("train", "test"))
        said = KNeighborsClassifier(n_neighbors=5).fit(train.X, train.y).predict(test.X)
        scores.append(f1_score(test.y == "'1'", said == "'1'"))
    assert 0.4 < sum(scores) / 3 < 0.5
