"""Servers of models: the scikit-learn pipeline of the benchmark `row` behind other servers, and a flow with the same steps."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, close, out, ratio
from bench.benchmarks.row import FLOW, NUMBERS, TEXTS, VALUES, table
from bench.clients import Served

REQUESTS, CONNECTIONS = 1_000, 16

FLASK = """
import joblib, pandas as pd
from flask import Flask, jsonify, request

app, pipeline = Flask(__name__), joblib.load("pipeline.joblib")

@app.post("/invocations")
def invocations():
    return jsonify(pipeline.transform(pd.DataFrame([request.get_json()]))[0].tolist())
"""

BENTO = """
import bentoml, joblib, pandas as pd

@bentoml.service(workers=1)
class Rows:
    def __init__(self) -> None:
        self.pipeline = joblib.load("pipeline.joblib")

    @bentoml.api
    def invocations(self, row: dict) -> list:
        return self.pipeline.transform(pd.DataFrame([row]))[0].tolist()
"""


def one() -> dict[str, Any]:
    """A row without nulls: a frame of one null has no kind."""
    return {n: i / 7 for i, n in enumerate(NUMBERS)} | {t: VALUES[i % len(VALUES)] for i, t in enumerate(TEXTS)}


def pipeline() -> Any:
    """The pipeline of the benchmark `row`, fitted on the same table."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent", missing_values=None), OneHotEncoder(sparse_output=False))
    frame = pd.DataFrame(table())
    frame[TEXTS] = frame[TEXTS].astype(object).where(frame[TEXTS].notna(), None)
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)]).fit(frame)


def work(server: Served) -> Work:
    def ask() -> list[float]:
        server.ask(REQUESTS, CONNECTIONS)
        return sorted(numbers(server.first))

    server.ask(50, CONNECTIONS)
    return ask


def numbers(given: Any) -> Iterator[float]:
    """The numbers of an answer, whatever its form."""
    match given:
        case dict():
            for value in given.values():
                yield from numbers(value)
        case list():
            for value in given:
                yield from numbers(value)
        case _:
            yield float(given)


def served(folder: Path) -> Work:
    import pyarrow as pa

    import tilth

    place = out(folder, "servers", "tilth")
    place.mkdir(parents=True)
    tilth.fit(tilth.Flow.parse(FLOW), pa.table(table())).save(place / "row.tilth")
    return work(Served([sys.executable, "-m", "tilth", "serve", str(place / "row.tilth"), "--port"], one()))


def written(folder: Path, name: str, code: str) -> Path:
    """A folder with the pipeline, and the code of its server."""
    import joblib

    place = out(folder, "servers", name)
    place.mkdir(parents=True)
    joblib.dump(pipeline(), place / "pipeline.joblib")
    (place / "server.py").write_text(code)
    return place


def flask(folder: Path) -> Work:
    """One worker of gunicorn, with threads, so that connections stay open."""
    place = written(folder, "flask", FLASK)
    words = ["-m", "gunicorn", "server:app", "--chdir", str(place), "--threads", str(CONNECTIONS), "--keep-alive", "60"]
    return work(Served([sys.executable, *words, "--bind", "127.0.0.1:"], one()))


def bentoml(folder: Path) -> Work:
    place = written(folder, "bentoml", BENTO)
    environment = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(place / "home")}
    words = ["-m", "bentoml", "serve", "server:Rows", "--working-dir", str(place), "--host", "127.0.0.1", "--port"]
    return work(Served([sys.executable, *words], {"row": one()}, environment=environment))


def mlflow(folder: Path) -> Work:
    import mlflow

    place = out(folder, "servers", "mlflow")
    fitted = pipeline()

    class Rows(mlflow.pyfunc.PythonModel):  # MLflow's own format for scikit-learn models can only predict, not transform
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return fitted.transform(model_input)

    mlflow.pyfunc.save_model(str(place), python_model=Rows(), pip_requirements=[])
    words = ["-m", "mlflow", "models", "serve", "--model-uri", str(place), "--env-manager", "local", "--workers", "1", "--port"]
    found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow starts uvicorn through a shell
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PATH": found}
    return work(Served([sys.executable, *words], {"dataframe_records": [one()]}, environment=environment))


def differences(results: dict[str, list[float]]) -> list[str]:
    ours = results.get("served")
    return [
        f"{name}: the answers differ"
        for name, theirs in results.items()
        if ours and (len(ours) != len(theirs) or not all(close(a, b, 1e-9) for a, b in zip(ours, theirs, strict=True)))
    ]


BENCHMARK = Benchmark(
    name="servers",
    title="Servers",
    about=f"{REQUESTS:,} requests of one row as JSON over {CONNECTIONS} connections that stay open: 20 columns imputed, scaled and one-hot "
    "encoded to 80, by `tilth serve` and by the same scikit-learn pipeline behind others, each with one worker. Core seconds include "
    "the server and the client.",
    candidates=(
        Candidate("served", served, title="tilth serve"),
        Candidate("flask", flask, needs=("flask==3.1.3", "gunicorn==27.0.1", "pandas==3.1.1", "scikit-learn==1.9.1"), runs=1),
        Candidate("mlflow", mlflow, needs=("mlflow==3.17.2",), runs=1),
        Candidate("bentoml", bentoml, needs=("bentoml==1.4.40", "pandas==3.1.1", "scikit-learn==1.9.1"), runs=1),
    ),
    targets=tuple(
        Target(f"tilth serve to {title}", ratio("served", name), 1 / 5)
        for name, title in (("flask", "Flask and gunicorn"), ("mlflow", "MLflow"), ("bentoml", "BentoML"))
    ),
    differences=differences,
    scale=0,
)
