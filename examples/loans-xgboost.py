"""Boosted trees on delivered shards, of which XGBoost sees one batch at a time.

pip install "tilth[xgboost]"
python examples/loans-xgboost.py out      # makes the data, prepares it, trains, and leaves out/loans.ubj
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import tilth
from tilth.demo.loans import write_loans

FLOW = Path(__file__).with_suffix(".yaml")
ROUNDS = 100


def prepared(folder: Path, rows: int = 20_000) -> Path:
    """The shards of both parts, of applications that are made here."""
    folder.mkdir(parents=True, exist_ok=True)
    write_loans(folder / "loans.csv", rows)
    tilth.run(FLOW, folder / "shards", folder / "loans.csv")
    return folder / "shards"


def train(shards: Path, model: Path) -> float:
    """Train on one part and save the model; the area under the ROC curve of the other part."""
    import xgboost

    class Batches(xgboost.DataIter):
        """A delivered part, over again whenever XGBoost asks for it."""

        def __init__(self, part: str) -> None:
            self.stream = tilth.stream(shards / part, batch=1024, shuffle="none", end="uneven", format="numpy")
            self.reset()
            super().__init__()

        def reset(self) -> None:
            self.batches = iter(self.stream)

        def next(self, input_data: Callable[..., None]) -> bool:
            batch = next(self.batches, None)
            if batch is not None:
                input_data(data=batch.X, label=batch.y)
            return batch is not None

    matrix = xgboost.QuantileDMatrix(Batches("train"))
    test = xgboost.QuantileDMatrix(Batches("test"), ref=matrix)  # cut into the same bins
    asked = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": 4, "eta": 0.1, "seed": 1}
    found: dict[str, dict[str, list[float]]] = {}
    trees = xgboost.train(asked, matrix, ROUNDS, evals=[(test, "test")], evals_result=found, verbose_eval=False)
    trees.save_model(model)
    return found["test"]["auc"][-1]


if __name__ == "__main__":
    if find_spec("xgboost") is None:
        sys.exit('this example trains with XGBoost, which is not installed: pip install "tilth[xgboost]"')
    place = Path(*sys.argv[1:2] or ["out"])
    print(f"AUC of the test part: {train(prepared(place), place / 'loans.ubj'):.3f}")
