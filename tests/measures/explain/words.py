"""A model of words and a number, and what it predicts explained."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import tilth
from tilth.measures.explain.local import LocalValues
from tilth.measures.explain.shap import Shap

WORTH = {"good": 2.0, "bad": -3.0, "not": 0.5, "very": 0.25, "[MASK]": 0.1}


def score(text, n):
    """Words have a worth, which `not` turns and `very` doubles, and n adds."""
    words = text.split()
    turned = (-1 if "not" in words else 1) * (2 if "very" in words else 1)
    return turned * sum(WORTH.get(w, 0.0) for w in words) + (n or 0.0) * len(words)


def model(rows):
    return np.array([score(text or "", n) for text, n in zip(rows["t"].to_pylist(), rows["n"].to_pylist(), strict=True)])


def explained(texts, numbers, background, **given):
    table = pa.table({"id": range(len(texts)), "t": texts, "n": numbers})
    shap = Shap(model, background=background, text_config={"columns": ["t"]}, local=True, **given)
    report = tilth.measure(tilth.read(table, roles={"id": "id"}), shap)
    return report, report.of(LocalValues)[0].payload
