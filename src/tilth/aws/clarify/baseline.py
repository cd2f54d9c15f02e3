"""The baseline of SHAP values: rows of the configuration or of a file, or the centres of clusters of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tilth import verbs
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.shape import Shap
from tilth.data import Dataset
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.formats import to_arrow
from tilth.measures.explain.backgrounds import generated
from tilth.measures.explain.models import Rows
from tilth.measures.explain.shap import LOOKED_AT
from tilth.metrics.metric import measured
from tilth.web.jmespath import path

LINES, DOCUMENT = "application/jsonlines", "application/json"
Given = tuple[tuple[Any, ...], ...]


def baseline(shap: Shap, table: Dataset, config: AnalysisConfig, columns: Sequence[str], engine: Session) -> tuple[pa.Table | None, Given]:
    """The table of a baseline that was made here, if it was, and the rows of the baseline.

    Errors: `RequestError` for rows with another number of values than there are columns.
    """
    given = shap.baseline
    if given is None:
        made = _generated(table, shap.num_clusters, shap.seed or config.tilth.seed or 0, columns, engine)
        return made, _rows(made)
    rows = _of_file(given, config, columns, engine) if isinstance(given, str) else _in_place(given, config)
    wrong = next((row for row in rows if len(row) != len(columns)), None)
    if wrong is not None or not rows:
        message = f"methods.shap.baseline: {'a row of ' + str(len(wrong)) + ' values' if wrong is not None else 'it has no rows'}"
        raise RequestError(message, accepted=f"a value for each of {len(columns)} columns: {', '.join(columns)}", code="bad-background")
    return None, rows


def _generated(table: Dataset, clusters: int | None, seed: int, columns: Sequence[str], engine: Session) -> pa.Table:
    need, schema = Sample(tuple(columns), LOOKED_AT, seed), engine.schema(table)
    held = Rows(measured(table, [need], engine)[need], [schema[c].kind for c in columns])
    return held.decoded(generated("kmeans", held.matrix, held.categories, clusters, seed))


def _rows(table: pa.Table) -> Given:
    return tuple(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _in_place(given: Any, config: AnalysisConfig) -> Given:
    """Rows as the configuration has them: lists of values, for JSON Lines objects, for JSON a document."""
    features = config.features or "features"
    if config.dataset_type == DOCUMENT and isinstance(given, dict):
        given = path(features)(given)
    several = given if isinstance(given, list) else [given]
    found = [path(features)(row) if isinstance(row, dict) else row for row in several]
    if any(not isinstance(row, list) for row in found):
        raise RequestError("methods.shap.baseline: a row is not a list of values", accepted="[[0, 0], [1, 1]]", code="bad-background")
    return tuple(map(tuple, found))


def _of_file(uri: str, config: AnalysisConfig, columns: Sequence[str], engine: Session) -> Given:
    """The rows of a file, of the dataset's type; of CSV with or without a line of names."""
    if config.dataset_type in (LINES, DOCUMENT):
        from tilth.aws.clarify.reading import read_data

        alone = config.model_copy(update={"label": None, "predicted_label": None, "headers": list(columns), "dataset_uri": uri})
        data, _ = read_data(alone, None, engine)
        return _rows(to_arrow(data, engine))
    reading: dict[str, Any] = {"format": config.reading["format"]}
    reading |= {"names": list(columns)} if config.dataset_type == "text/csv" else {}
    found = to_arrow(verbs.read(uri, engine=engine, **reading), engine)
    return _rows(found.select(list(columns)) if set(columns) <= set(found.column_names) else found)
