"""A linear model of what a flow has delivered, saved for adult-model.yaml, german-model.yaml and adult-clarify.json.

pip install "tilth[models,frames]"
tilth run examples/adult.yaml -o adult
python examples/train-model.py adult adult.skops
"""

from __future__ import annotations

import sys
from pathlib import Path

import tilth


def train(delivered: Path, file: Path) -> float:
    """Train on one part and save the model; its accuracy on the other part, which it has not seen."""
    from sklearn.linear_model import LogisticRegression
    from skops import io

    label = tilth.read(delivered / "train").roles.label
    rows = {part: tilth.write(tilth.read(delivered / part), format="pandas") for part in ("train", "test")}
    truth = {part: of.pop(label) for part, of in rows.items()}
    columns = list(rows["test"])  # without weights, which balanced training rows have
    model = LogisticRegression(max_iter=1000).fit(rows["train"][columns], truth["train"])
    io.dump(model, file)
    return float(model.score(rows["test"][columns], truth["test"]))


if __name__ == "__main__":
    print(f"accuracy {train(Path(sys.argv[1]), Path(sys.argv[2])):.3f}")
