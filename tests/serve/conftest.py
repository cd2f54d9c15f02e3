"""A fitted flow, models that were trained on what it makes, and a client in the same process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression

import tilth
from tests.serve.asking import Response, ask
from tilth.serve.app import Limits, Server
from tilth.serve.pipeline import Pipeline

N = 40
TABLE = pa.table(
    {
        "no": range(N),
        "email": [f"person{i}@mail.invalid" for i in range(N)],
        "age": [None if i == 7 else 20 + i for i in range(N)],
        "job": ["cook", "clerk", "Ärztin", None] * (N // 4),
        "paid": ["yes" if i % 3 else "no" for i in range(N)],
    }
)
FLOW = """
data: {roles: {id: no, label: paid, private: email}}
features:
  - impute: {columns: age, with: mean}
  - impute: {columns: job, with: constant, value: unknown}
  - encode: {columns: job}
"""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `people.tilth`, `model.skops` (two classes), `number.skops` (a regression)."""
    folder = tmp_path_factory.mktemp("served")
    flow = tilth.fit(tilth.Flow.parse(FLOW), TABLE)
    flow.save(folder / "people.tilth")
    train = tilth.arrays(tilth.apply(flow, TABLE), format="arrow")
    frame = train.X.to_pandas()
    skops.io.dump(LogisticRegression().fit(frame, train.y.to_pylist()), folder / "model.skops")
    skops.io.dump(LinearRegression().fit(frame, range(N)), folder / "number.skops")
    return folder


@pytest.fixture
def client(served: Path) -> Callable[..., Callable[..., Response]]:
    """`client("people.tilth", "model.skops", output=["softmax"])`: asks a server of these stages, `(method, path, body, headers)`."""

    def make(*things: str, output: Sequence[str] = (), **limits: Any) -> Callable[..., Response]:
        pipeline = Pipeline.of(*(str(served / name) for name in things), output=output)
        return partial(ask, Server(pipeline, Limits(**limits)))

    return make
