"""What the report shows."""

import numpy as np
import pyarrow as pa
import pytest

from tests.measures.bias_variance.learned import measured
from tilth.measures.bias_variance.section import section

pytest.importorskip("sklearn")


def test_the_section_says_what_is_wrong_and_what_to_try():
    rows = np.random.default_rng(3).normal(size=(400, 2))
    table = pa.table({"a": rows[:, 0], "b": rows[:, 1], "y": rows.sum(axis=1) > 0})
    found = measured(table, {"label": "y", "facet": "a"}, replicates=10, vary={"max_depth": (1, 12)})
    shown = section(found)
    assert found[0].payload.diagnosis == "high variance (overfitting)"
    assert found[0].payload.advice[0] == "try regularisation, averages of models (bagging) or fewer features"
    assert shown.advice[0].words.startswith("The learner has high variance (overfitting): try regularisation")
    words = [type(block).__name__ for block in shown.blocks]
    assert words.count("Picture") == 2
