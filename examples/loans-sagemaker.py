"""Boosted trees as a script for SageMaker's framework containers: it knows nothing of Tilth.

pip install "tilth[frames,xgboost]"
tilth demo -o demo
tilth run examples/loans-xgboost.yaml -o shards
tilth train examples/loans-sagemaker.py --channel train=shards/train --channel test=shards/test --hyperparameter max_depth=4 -o model
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pandas as pd
import xgboost


def table(folder: str, label: str, drop: str) -> xgboost.DMatrix:
    """The files of a channel as a matrix with labels."""
    rows = pd.read_parquet(folder)
    return xgboost.DMatrix(rows.drop(columns=[label, drop]), rows[label])


def main() -> None:
    """Train on one channel, measure on the other, and save what SageMaker keeps: the model, and what is beside it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--max_depth", type=int, default=6)
    parser.add_argument("--eta", type=float, default=0.1)
    parser.add_argument("--label", default="approved")
    parser.add_argument("--drop", default="application_id")
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--output-data-dir", default=os.environ.get("SM_OUTPUT_DATA_DIR"))
    args = parser.parse_args()

    asked = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": args.max_depth, "eta": args.eta, "seed": 1}
    train, test = (table(folder, args.label, args.drop) for folder in (args.train, args.test))
    found: dict[str, dict[str, list[float]]] = {}
    trees = xgboost.train(asked, train, args.rounds, evals=[(test, "test")], evals_result=found, verbose_eval=False)
    auc = found["test"]["auc"][-1]
    print(f"AUC of the test part: {auc:.3f}")
    trees.save_model(Path(args.model_dir) / "loans.ubj")
    (Path(args.output_data_dir) / "metrics.json").write_text(json.dumps({"auc": auc}))


if __name__ == "__main__":
    main()
