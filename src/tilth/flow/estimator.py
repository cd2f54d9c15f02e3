"""The scikit-learn methods of a flow: `fit`, `transform`, `fit_transform`, `get_feature_names_out`.

A flow is immutable. It only remembers the last flow that was fitted from it, so that `transform` works after `fit_transform`, as in
scikit-learn. A Pipeline modifies its steps, so there use a `tilth.sklearn.FlowTransformer`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth import formats
from tilth.data import Dataset, Memory
from tilth.engine.chosen import session_of
from tilth.flow.flow import Flow
from tilth.flow.reading import flow_table, served_table
from tilth.flow.running import fitted
from tilth.formats.writing import FRAMES

LAST = "_last_fitted"  # an attribute of a flow that does not take part in comparisons


def fit(flow: Flow, data: Any = None, y: Any = None) -> Flow:
    """The fitted flow, as `tilth.fit` gives it. `y` is ignored: the label is a column of the data."""
    with session_of(None, data, f"fit {flow.name}") as session:
        vars(flow)[LAST] = found = fitted(flow, flow_table(flow, data, session), session)
    return found


def transform(flow: Flow, data: Any) -> Any:
    """Compute the features of each row, without the id, the label and other columns whose role is not that of a feature.

    A table of pandas, Polars, DuckDB, Spark or Arrow gives a table of the same library (pandas with its index), anything else a dataset.

    Errors: as for `tilth.apply`.
    """
    return transformed(_fitted(flow), data)


def transformed(flow: Flow, data: Any, training: Tree | None = None) -> Any:
    """`transform` of a fitted flow. Rows for which `training` is true get out-of-fold values, for training a model."""
    with session_of(None, data, f"transform by {flow.name}") as session:
        made = served_table(flow, data, session, training).keep(features_of(flow))
        if isinstance(data, Dataset | str | Path):
            return made
        library = type(data).__module__.partition(".")[0].lstrip("_")
        kind = {"pyspark": "spark", "pyarrow": "arrow"}.get(library, library)
        frame = formats.to_frame(made, kind if kind in FRAMES else "arrow", session)
        return frame.set_axis(data.index) if kind == "pandas" else frame


def fit_transform(flow: Flow, data: Any, y: Any = None) -> Any:
    """`fit`, then `transform` of all rows of the same data, even if a split makes the flow learn from the training part only.

    Values that a step learned from the label are out of fold, as training a model needs them.

    >>> import pyarrow as pa
    >>> flow = Flow.parse("features: [{impute: {columns: age, with: mean}}]")
    >>> flow.fit_transform(pa.table({"age": [30, None, 50]}))["age"].to_pylist()
    [30.0, 40.0, 50.0]
    >>> flow.transform(pa.table({"age": [None]}))["age"].to_pylist(), list(flow.get_feature_names_out())
    ([40.0], ['age'])
    """
    return transformed(fit(flow, data, y), data, exp.true())


def get_feature_names_out(flow: Flow, input_features: Any = None) -> np.ndarray[Any, Any]:
    """The columns of the result of `transform`, in order. `input_features` is ignored: the flow knows its columns."""
    return np.array(features_of(_fitted(flow)), dtype=object)


def _fitted(flow: Flow) -> Flow:
    """The flow if it is fitted, else the last flow that was fitted from it. Errors: `FlowError` if there is none."""
    last: Flow = flow if flow.fitted else vars(flow).get(LAST, flow)
    last.need_learned()
    return last


def features_of(flow: Flow) -> tuple[str, ...]:
    """The features of the fitted flow: its output columns without those that have another role."""
    made = flow.served(Dataset(Memory(None, flow.need_learned().schema.names), flow.reading.roles))
    return tuple(n for n in made.names if n not in made.roles.not_features)
