"""A classifier of loans: in a file, and behind an endpoint that answers as a test says."""

import csv
import io
import json

import numpy as np
import pyarrow as pa

from tests.answering import answering

N = 160
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(N, 3)).round(2)
FEATURES = ("income", "age", "debt")
SEX = np.where(RANDOM.random(N) < 0.4, "F", "M")
PAID = np.where(X[:, 0] + 0.5 * X[:, 1] + RANDOM.normal(size=N) / 2 > 0, 1, 0)
LOANS = pa.table({"paid": PAID, "loan": [f"L{i}" for i in range(N)], **dict(zip(FEATURES, X.T, strict=True)), "sex": SEX})
BIAS = {"facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}], "label": "paid", "label_values_or_threshold": [1]}
CONFIG = {
    "dataset_type": "text/csv",
    "joinsource_name_or_index": "loan",
    "excluded_columns": ["sex"],
    **BIAS,
    "methods": {"post_training_bias": {"methods": ["DPPL", "DI", "AD", "RD", "FT"]}},
    "tilth": {"bootstrap": 0},
}


def serving(classifier, answer, kind="text/csv"):
    """A server that gives `answer` the matrix of the requested rows and the probabilities of class 1."""

    def read(body):
        if kind == "text/csv":
            rows = list(csv.reader(io.StringIO(body.decode())))
        elif kind == "application/jsonlines":
            rows = [json.loads(line)["features"] for line in body.decode().splitlines()]
        else:
            rows = [[row[name] for name in FEATURES] for row in json.loads(body)["instances"]]
        return np.array(rows, float)

    return answering(lambda x: answer(x, classifier.predict_proba(x)[:, 1].tolist()), read=read)
