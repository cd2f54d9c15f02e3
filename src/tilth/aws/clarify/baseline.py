"""The baseline of SHAP values: rows in the configuration, or of the file that it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tilth import verbs
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.reading import read_data
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.formats import to_arrow
from tilth.web.jmespath import path

LINES, DOCUMENT = "application/jsonlines", "application/json"
Given = tuple[tuple[Any, ...], ...]


def baseline(given: Any, config: AnalysisConfig, columns: Sequence[str], engine: Session) -> Given:
    """The rows of a baseline, from the configuration or the file that it names.

    Errors: `RequestError` for rows with another number of values than columns.
    """
    rows = _of_file(given, config, columns, engine) if isinstance(given, str) else _in_place(given, config)
    wrong = next((row for row in rows if len(row) != len(columns)), None)
    if wrong is not None or not rows:
        message = f"methods.shap.baseline: {'a row of ' + str(len(wrong)) + ' values' if wrong is not None else 'it has no rows'}"
        raise RequestError(message, accepted=f"a value for each of {len(columns)} columns: {', '.join(columns)}", code="bad-background")
    return rows


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
        alone = config.model_copy(update={"label": None, "predicted_label": None, "headers": list(columns), "dataset_uri": uri})
        data, _ = read_data(alone, None, engine)
        return _rows(to_arrow(data, engine))
    reading: dict[str, Any] = {"format": config.reading["format"]}
    reading |= {"names": list(columns)} if config.dataset_type == "text/csv" else {}
    found = to_arrow(verbs.read(uri, engine=engine, **reading), engine)
    return _rows(found.select(list(columns)) if set(columns) <= set(found.column_names) else found)
