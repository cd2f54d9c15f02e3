"""Permutation importance: how much worse a model's predictions become when one column is shuffled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from tilth.data import Dataset
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.measures.measure import Measure, Measured
from tilth.report import Finding, Payload
from tilth.report.blocks import Picture, Section, Words, code, counted, table
from tilth.report.charts import bars, number
from tilth.report.sections import ReportSection

if TYPE_CHECKING:
    import pyarrow as pa

Model: TypeAlias = "Callable[[pa.Table], Any]"
"""From a table of columns to a prediction for each row."""
MOST = 30  # columns drawn


@dataclass(frozen=True)
class ColumnImportance(Payload):
    """How much a model's score fell when a column was shuffled: `score` names it, `baseline` is its value, `drops` one fall per shuffle."""

    KIND: ClassVar[str] = "importance"
    score: str = ""
    baseline: float = 0.0
    drops: tuple[float, ...] = ()
    rows: int = 0


@dataclass(frozen=True)
class Importance(Measure):
    """The permutation importance of each column for a model: the mean fall of the score when the column's values are shuffled.

    The score is the accuracy of a label of strings, booleans or integers, and R² of one of other numbers. It is computed on a sample of
    rows that is the same on every engine. A negative importance means that shuffling helped, by chance. Columns that say the same share
    their importance. Without rows with a label there are no findings.

    Errors: `RequestError` without a model or without a label.

    Source: Breiman, Random Forests, 2001; scikit-learn, `sklearn.inspection.permutation_importance`.
    """

    name = "importance"

    model: Model | None = field(default=None, hash=False)
    """A function from an Arrow table of `columns` to a prediction for each row."""
    columns: tuple[str, ...] = ()
    """The columns that the model takes; without any all but the label and the id."""
    rows: int = 1000
    """Rows of the sample."""
    repeats: int = 5
    """How often each column is shuffled."""
    seed: int = 0
    """What the sample and the shuffles depend on."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        label = table.roles.label
        if self.model is None or label is None:
            what = "a label among the roles" if label is None else "a model: Importance(model=…)"
            raise RequestError(f"importance needs {what}", code="no-model")
        columns = self.columns or tuple(c for c in table.names if c != label and c not in table.roles.id)
        need = Sample((*columns, label), self.rows, self.seed)
        found = session.answer(table, [need])[need]
        return _importances(self, self.model, found.filter(found[label].is_valid()), columns, label), None


def _importances(asked: Importance, model: Model, rows: pa.Table, columns: Sequence[str], label: str) -> list[Finding]:
    truth = rows[label].to_numpy(zero_copy_only=False)
    if not len(truth):
        return []
    name, score = ("R²", _r2) if truth.dtype.kind == "f" else ("accuracy", _accuracy)
    features = rows.select(list(columns))
    baseline = score(truth, np.asarray(model(features)))
    random = np.random.default_rng(asked.seed)
    findings = []
    for i, column in enumerate(columns):
        shuffles = (features[column].take(random.permutation(len(truth))) for _ in range(asked.repeats))
        drops = np.array([baseline - score(truth, np.asarray(model(features.set_column(i, column, values)))) for values in shuffles])
        payload = ColumnImportance(name, baseline, tuple(drops.tolist()), len(truth))
        findings.append(Finding("importance", (column,), float(drops.mean()), payload=payload))
    return sorted(findings, key=lambda f: -f.value)


def _accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.mean(truth == predicted))


def _r2(truth: np.ndarray, predicted: np.ndarray) -> float:
    around = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - predicted) ** 2).sum()) / around if around else 0.0


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
        rows = [(code(f.columns), number(f.number), number(min(f.payload.drops)), number(max(f.payload.drops))) for f in here]
        blocks.append(table(title, ("column", "mean", "smallest", "largest"), rows, ["mean", "smallest", "largest"], brief=12))
    return Section("importance", "What the model relies on", tuple(blocks))


IMPORTANCE = ReportSection(ColumnImportance, importance)
