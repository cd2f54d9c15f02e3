"""Tables that are learned, of which it is known what a learner makes of them."""

import numpy as np
import pyarrow as pa

import tilth
from tilth.data import Column, Kind, Roles
from tilth.measures.bias_variance.measure import BiasVarianceOfLearner
from tilth.measures.insights.features import Target, target_of

X = np.random.default_rng(3).normal(size=(400, 3))
LINE = pa.table({"a": X[:, 0], "b": X[:, 1], "s": np.where(X[:, 2] > 0, "u", "v"), "y": np.where(X[:, 0] + X[:, 1] > 0, "p", "q")})
"""A line that no tree draws straight: fully grown trees fit their rows, and each draws another staircase."""


class Nearest:
    """The label of the nearest row that it has learned, which is its own."""

    def fit(self, x, y):
        self.x, self.y = x, y

    def predict(self, x):
        return self.y[((x[:, None] - self.x) ** 2).sum(axis=2).argmin(axis=1)]


def measured(table=LINE, roles=None, **given):
    return tilth.measure(tilth.read(table, roles=roles or {"label": "y", "facet": ["s", "a"]}), BiasVarianceOfLearner(**given)).findings


def problem(is_class: bool, roles: Roles | None = None, **columns: object) -> Target:
    y = (LINE["y"] if is_class else pa.array(X[:, 0] * 2 + X[:, 2])).slice(0, 100)
    table = pa.table({"y": y, **{name: list(values)[:100] for name, values in columns.items()}})
    kinds = {"y": Kind.STRING if is_class else Kind.FLOAT}
    found = [Column(name, kinds.get(name, Kind.INTEGER)) for name in table.column_names]
    return target_of(found[0], table, roles or Roles(label="y"), columns=found)
