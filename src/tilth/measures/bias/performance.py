"""The performance of predictions, over all rows and for each group: rates of the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from tilth.measures.bias.metrics import FN, FP, TN, TP, Cells
from tilth.metrics.contrasts import Numbers, divided
from tilth.report.blocks import Block, Section, code, table
from tilth.report.charts import number, percent
from tilth.report.finding import Finding, Payload
from tilth.report.sections import ReportSection

ALL = TP + FP + FN + TN
RATES: Mapping[str, tuple[Cells, Cells]] = {
    "Accuracy": (TP + TN, ALL),
    "Proportion of Positive Predictions in Labels": (TP + FP, ALL),
    "Proportion of Negative Predictions in Labels": (TN + FN, ALL),
    "True Positive Rate / Recall": (TP, TP + FN),
    "True Negative Rate / Specificity": (TN, TN + FP),
    "Acceptance Rate / Precision": (TP, TP + FP),
    "Rejection Rate": (TN, TN + FN),
    "Conditional Acceptance": (TP + FN, TP + FP),
    "Conditional Rejection": (TN + FP, TN + FN),
}
"""Name → (cells of the numerator, cells of the denominator), each cell as (label, prediction)."""
RECALL, PRECISION, F1 = "True Positive Rate / Recall", "Acceptance Rate / Precision", "F1 Score"


@dataclass(frozen=True)
class Performance(Payload):
    """The confusion matrix of predictions and its rates, for all rows or for a group of a facet.

    The finding's value is the accuracy; detections of objects have none, because they have no true negatives. `rates` are named as in
    Clarify's result files; `matrix` is label → prediction → rows, only for all rows and a categorical label. `others` are the four counts
    of the rows that a group is compared with, `other` the value of the facet in them if there is only one.
    """

    KIND: ClassVar[str] = "performance"
    VALUE: ClassVar[str] = "accuracy"
    facet: str = ""
    facet_value: str = ""
    true_positive: float = 0
    false_positive: float = 0
    false_negative: float = 0
    true_negative: float = 0
    rates: Mapping[str, float] = field(default_factory=dict)
    matrix: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    other: str = ""
    others: tuple[float, ...] = ()

    @property
    def cells(self) -> tuple[float, float, float, float]:
        """TP, FP, FN, TN."""
        return self.true_positive, self.false_positive, self.false_negative, self.true_negative

    @property
    def rows(self) -> float:
        """The rows with a known label and prediction."""
        return sum(self.cells)

    @classmethod
    def of(cls, cells: Numbers, objects: bool = False, **more: Any) -> Performance:
        """The performance from a confusion matrix, (label, prediction), with the favourable outcome last.

        With `objects`, only rates that need no true negatives.

        >>> import numpy as np
        >>> Performance.of(np.array([[45, 15], [30, 60]])).rates["Accuracy"]
        0.7
        """
        asked = {name: (part, whole) for name, (part, whole) in RATES.items() if not (objects and TN[0] in part + whole)}
        rates = {name: float(divided(_sum(cells, part), _sum(cells, whole))) for name, (part, whole) in asked.items()}
        recall, precision = rates[RECALL], rates[PRECISION]
        rates[F1] = float(divided(2 * precision * recall, precision + recall))
        tp, fp, fn, tn = counts_of(cells)
        return cls(**more, true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn, rates=rates)


def counts_of(cells: Numbers) -> tuple[float, ...]:
    """TP, FP, FN and TN of a confusion matrix, (label, prediction)."""
    return tuple(float(cells[c]) for c in ALL)


def _sum(cells: Numbers, of: Cells) -> float:
    return float(sum(cells[c] for c in of))


def finding(payload: Performance, subject: tuple[str, ...], group: str = "") -> Finding[Performance]:
    """The finding of a performance; its value is None without rows."""
    value = payload.rates.get("Accuracy") if payload.rows else None
    if not payload.rows:
        words = "no prediction has a label"
    elif value is None:
        found, right = (percent(payload.rates[name]) for name in (RECALL, PRECISION))
        words = f"{found} of the annotated objects are detected, and {right} of the detections are right"
    else:
        words = f"{percent(value)} of {payload.rows:,.0f} predictions are right"
    return Finding("performance", subject, value, group=group, message=words, payload=payload)


def performance(found: Sequence[Finding[Performance]]) -> Section | None:
    """The rates of all rows and of each group side by side, and the confusion matrix; None if no prediction has a label."""
    shown = [f for f in found if f.payload.rows and f.payload.rates]
    if not shown:
        return None
    names = {"Accuracy": "right", RECALL: "recall", "True Negative Rate / Specificity": "specificity", PRECISION: "precision", F1: "F1"}
    names = {name: head for name, head in names.items() if any(name in f.payload.rates for f in shown)}
    heads = ("rows", "predictions", *names.values())
    every = [row for f in shown for row in ((_rows_of(f), f.payload), *_others(f, shown))]
    rows = [(told, number(p.rows), *(percent(p.rates.get(n)) for n in names)) for told, p in every]
    blocks: list[Block] = [table("How often predictions are right", heads, rows, numbers=heads[1:], brief=12)]
    blocks += _matrices(shown)
    whole = next((f for f in shown if not f.group), None)
    return Section("performance", "Performance of predictions", tuple(blocks), lead=f"{whole.message}." if whole else "")


def _others(f: Finding[Performance], shown: Sequence[Finding[Performance]]) -> Iterator[tuple[str, Performance]]:
    """The rows that a group is compared with, and their performance, unless they are a group of the table."""
    p, other = f.payload, f"{f.payload.facet}={f.payload.other}"
    if not sum(p.others) or (p.other and any(g.group == other and g.part == f.part for g in shown)):
        return
    tp, fp, fn, tn = p.others
    told = code(other) if p.other else f"others than {code(f.group)}"
    yield f"{told}{_in(f)}", Performance.of(np.array([[tn, fp], [fn, tp]]), objects="Accuracy" not in p.rates)


def _matrices(found: Sequence[Finding[Performance]]) -> Iterator[Block]:
    for f in found:
        matrix = f.payload.matrix
        predicted = list(dict.fromkeys(p for of in matrix.values() for p in of))
        if matrix:
            heads = ("label", *(f"predicted {p}" for p in predicted))
            rows = [(code(y), *(number(of.get(p, 0)) for p in predicted)) for y, of in matrix.items()]
            yield table(f"Confusion matrix{f' of {code(f.part)}' if f.part else ''}", heads, rows, numbers=heads[1:])


def _rows_of(f: Finding[Performance]) -> str:
    return f"{code(f.group) if f.group else 'all'}{_in(f)}"


def _in(f: Finding[Performance]) -> str:
    return f" in {code(f.part)}" if f.part else ""


PERFORMANCE = ReportSection(Performance, performance)
