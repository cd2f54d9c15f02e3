"""The findings of all rows and of each group."""

import numpy as np
import pyarrow as pa
import pytest

from tests.measures.bias_variance.learned import LINE, measured
from tilth.measures.bias_variance.findings import noise_of
from tilth.measures.insights.features import Target
from tilth.metrics.bias_variance import ZeroOneLoss

pytest.importorskip("sklearn")


@pytest.mark.slow
def test_a_tree_overfits_a_slanting_line():
    f, *groups = measured(replicates=10)
    p = f.payload
    assert (p.loss, p.sampling, p.train_rows, p.test_rows, p.replicates, p.held_by) == ("0-1", "half", 140, 120, 10, "chance")
    assert p.train_loss == 0
    assert p.bias + p.unbiased_variance - p.biased_variance == pytest.approx(p.mean_loss)
    assert p.systematic + p.random == pytest.approx(p.mean_loss)
    assert f.low <= f.value <= f.high
    assert all(low <= p.mean_loss <= high for low, high in [p.intervals["loss"]])
    assert [point.at for point in p.learning_curve] == [32, 64, 112, 160, 224, 272, 320]
    named = [g.group for g in groups]
    assert named[:2] == ["s=u", "s=v"]
    assert len([name for name in named if name.startswith("a=[")]) == 4  # a facet of many numbers is cut into quarters
    assert sum(g.payload.test_rows for g in groups[:2]) == sum(g.payload.test_rows for g in groups[2:]) == 120
    assert all(g.payload.diagnosis and not g.payload.learning_curve for g in groups)


@pytest.mark.slow
def test_a_group_that_came_last_is_left_out():
    """No model learns from the last sixth, where all rows of one group are, so nothing is known of how they are fitted."""
    late = np.where(np.arange(400) < 350, "early", "late")
    table = LINE.append_column("t", pa.array(range(400))).append_column("g", pa.array(late))
    found = measured(table, {"label": "y", "time": "t", "facet": "g"}, replicates=5)
    assert [f.group for f in found] == ["", "g=early"]
    assert (found[0].payload.held_by, found[0].payload.sampling) == ("time", "half")


def test_rows_with_equal_features_show_the_noise_of_the_labels():
    y = np.array([0, 0, 1, 1, 1, 0, 1, 0], float)
    x = np.array([0, 0, 0, 1, 1, 1, 2, 3.0])[:, None]
    target = Target("y", "classification", np.ones(8, bool), y, ("n", "p"))
    assert noise_of(x, target, ZeroOneLoss) == pytest.approx(2 / 6)  # one of three in each of two places
    assert noise_of(np.arange(8.0)[:, None], target, ZeroOneLoss) is None
