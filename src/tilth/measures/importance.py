"""Permutation importance: the loss of a model's score when a column is shuffled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Memory
from tilth.engine.needs import Sample
from tilth.engine.session import Session, everything
from tilth.errors import RequestError
from tilth.measures.measure import Measured, ModelMeasure
from tilth.metrics.metric import measured
from tilth.metrics.predictions import r2
from tilth.report import Finding, Payload
from tilth.report.blocks import Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import bars, number
from tilth.report.sections import ReportSection

MOST = 30  # columns in the chart
ROW = "\x1frow"  # the row number in a table that a flow prepares


@dataclass(frozen=True)
class ColumnImportance(Payload):
    """How much a model's score fell when a column was shuffled: `score` names it, `baseline` is its value, `drops` one fall per shuffle."""

    KIND: ClassVar[str] = "importance"
    score: str = ""
    baseline: float = 0.0
    drops: tuple[float, ...] = ()
    rows: int = 0


@dataclass(frozen=True)
class Importance(ModelMeasure):
    """The permutation importance of each column for a model: the mean fall of the score when the column's values are shuffled.

    In a flow the model is that of its step `predict`, and each part is measured after the features, on the model's input columns.

    The score is the accuracy for a label of strings, booleans or integers, and R² for other numbers. It is computed on a sample of rows
    that is the same on every engine. A negative importance means that shuffling helped, by chance. Correlated columns share their
    importance. Without labelled rows, and if all labels are the same number, so that R² is undefined, there are no findings.

    Errors: `RequestError` without a model or a label, and if one of label and prediction is a string and the other is not.

    Source: Breiman, Random Forests, 2001; scikit-learn, `sklearn.inspection.permutation_importance`.
    """

    name = "importance"
    needs_label = True

    rows: int = 1000
    """Rows of the sample."""
    repeats: int = 5
    """How often each column is shuffled."""
    seed: int = 0
    """Seed of the sample and the shuffles."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        RequestError.reject(self.without_model())
        label = table.roles.label or ""
        columns = self.columns or tuple(c for c in table.names if c != label and c not in table.roles.id)
        need = Sample((*columns, label), self.rows, self.seed)
        rows = measured(table, [need], session)[need]
        rows = rows.filter(rows[label].is_valid())
        return self._importances(rows.select(list(columns)), label, rows[label].to_numpy(zero_copy_only=False), session), None

    def _importances(self, features: pa.Table, label: str, truth: np.ndarray, session: Session) -> list[Finding]:
        """The findings of the columns, the most important first."""
        if not len(truth):
            return []
        name, score = ("R²", r2) if truth.dtype.kind == "f" else ("accuracy", lambda truth, predicted: float(np.mean(truth == predicted)))
        said = predicted(self.model, features, self.prediction, session)
        strings = [values.dtype.kind in "OU" for values in (truth, said)]
        if strings[0] != strings[1]:
            one, other = ("a string", "a number") if strings[0] else ("a number", "a string")
            message = f"importance compares predictions with the label {label!r}, which is {one}, but the model predicts {other}"
            raise RequestError(message, hint="in a flow, the model is that of the last step `predict`", code="wrong-kind")
        baseline = score(truth, said)
        if math.isnan(baseline):
            return []
        random = np.random.default_rng(self.seed)
        found = []
        for i, column in enumerate(features.column_names):
            shuffled = (features[column].take(random.permutation(len(truth))) for _ in range(self.repeats))
            tables = (features.set_column(i, column, values) for values in shuffled)
            drops = np.array([baseline - score(truth, predicted(self.model, t, self.prediction, session)) for t in tables])
            payload = ColumnImportance(name, baseline, tuple(drops.tolist()), len(truth))
            found.append(Finding("importance", (column,), float(drops.mean()), payload=payload))
        return sorted(found, key=lambda f: -f.value)


def predicted(model: Any, rows: pa.Table, prediction: str, session: Session) -> np.ndarray:
    """A model's predictions for rows. The model is a function of a table, or a fitted flow that adds the column `prediction`."""
    if callable(model):
        return np.asarray(model(rows))
    numbered = rows.append_column(ROW, [range(len(rows))])
    prepared = model.prepared(Dataset(Memory(numbered, tuple(numbered.column_names))))
    made = session.batches(session.query(prepared.keep((ROW, prediction)), everything())).read_all()
    return np.asarray(made.sort_by(ROW)[prediction])


# ── the section ──


def importance(found: Sequence[Finding[ColumnImportance]]) -> Section:
    """A chart and a table of the columns, the most important first, for each part."""
    blocks: list[Any] = []
    for part in dict.fromkeys(f.part for f in found):
        here = [f for f in found if f.part == part]
        payload, of = here[0].payload, f" in {code(part)}" if part else ""
        title = f"Fall of the {payload.score} when a column is shuffled{of}"
        blocks.append(Words(f"The model's {payload.score}{of} is {number(payload.baseline)} on {counted(payload.rows, 'row')}."))
        values = {f.columns: f.number for f in here[:MOST]}
        blocks.append(Picture(bars(f"Importance of columns {part}".strip(), values, key=f"importance{part}"), f"{title}."))
        rows = [
            (code(f.columns), exact(f.number), exact(min(f.payload.drops, default=None)), exact(max(f.payload.drops, default=None)))
            for f in here
        ]
        blocks.append(table(title, ("column", "mean", "smallest", "largest"), rows, ["mean", "smallest", "largest"], brief=12))
    first = found[0]
    lead = f"{code(first.columns)} matters most: without it the {first.payload.score} falls by {exact(first.number)}."
    return Section("importance", "What the model relies on", tuple(blocks), lead=lead)


IMPORTANCE = ReportSection(ColumnImportance, importance)
