"""Flaws that a quick model reveals."""

from __future__ import annotations

from collections.abc import Iterator

from tilth.measures.insights.flaws.seen import Case, Seen
from tilth.report.charts import number


def poor(seen: Seen) -> Iterator[Case]:
    """How far the quick model stays below a useful score."""
    m = seen.model
    if m and m.score and (score := m.validation.get(m.score)) is not None:
        yield Case((m.label,), (0.55 if m.score == "AUC" else 0.05) - score, {"score": f"{m.score} {number(score)}"})


def overfit(seen: Seen) -> Iterator[Case]:
    """How much better the quick model scores on its training rows."""
    m = seen.model
    if m and m.score and m.train.get(m.score) is not None and m.validation.get(m.score) is not None:
        train, validation = m.train[m.score] or 0.0, m.validation[m.score] or 0.0
        yield Case((m.label,), train - validation, {"score": m.score, "train": number(train), "validation": number(validation)})
