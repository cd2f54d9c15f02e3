"""The measure `pdp`: a model's mean prediction for each value of a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tilth.data import Dataset, Kind
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.measures.measure import Measured, ModelMeasure
from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import bars, curve, percent
from tilth.report.sections import ReportSection

if TYPE_CHECKING:
    from tilth.measures.explain.models import Asked

MOST_VALUES = 100  # most values of a category
FEW = 2  # a column with at most this many distinct numbers is treated as categorical


@dataclass(frozen=True)
class PartialDependence(Payload):
    """The partial dependence of an `output` on a feature; the finding's value is the greatest mean minus the least.

    `values` are points of the feature's range or (`categorical`) its values. For each of them there are the mean prediction (`means`), its
    standard error (`errors`), and the share of the sampled `rows` that have it (`shares`). `curves` are the predictions of single rows.
    """

    KIND: ClassVar[str] = "pdp"
    output: str = ""
    categorical: bool = False
    values: tuple[Any, ...] = ()
    means: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    curves: tuple[tuple[float, ...], ...] = ()
    rows: int = 0


@dataclass(frozen=True)
class Pdp(ModelMeasure):
    """The partial dependence of a model on each feature: the mean of its predictions where all rows have the same value of it.

    A column of numbers is divided into buckets of equal width between its least and greatest value in the sample, and all rows get the
    centre of one bucket after the other. For other columns, for numbers with two values, and for integers with no more values than there
    are buckets, such as codes, all rows get one value after the other, of the 100 most frequent. Private columns are left out. The model
    and its outputs are selected as in `shap`. Without rows there are no findings.

    Errors: as `shap`, and `RequestError` for features that the model does not take.

    Source: Friedman, Greedy Function Approximation, 2001; Goldstein and others, Peeking Inside the Black Box, 2015, for the curves.
    """

    name = "pdp"

    features: tuple[str, ...] = ()
    """The features; by default the `top` features that change the predictions most."""
    top: int = 10
    """How many features are kept if none are named."""
    buckets: int = 15
    """The number of buckets that a range of numbers is divided into."""
    curves: int = 0
    """The number of rows whose predictions are kept one by one (individual conditional expectation, ICE)."""
    rows: int = 1000
    """Rows of the sample."""
    output: str = ""
    """The class to explain. Default: of two classes the favourable one (the role `positive`, otherwise the last one), of more each."""
    seed: int = 0
    """Seed of the sample."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        from tilth.measures.explain.models import asked_of

        asked = asked_of(self, table, session, self.rows)
        if unknown := [f for f in self.features if f not in asked.columns]:
            raise RequestError(f"pdp: the model does not take {unknown[0]!r}", accepted=", ".join(asked.columns), code="no-such-column")
        if private := [f for f in self.features if f in table.roles.private]:
            raise RequestError(f"pdp would show values of {private[0]!r}, which is private", hint="leave it out", code="private")
        chosen = self.features or tuple(c for c in asked.columns if c not in table.roles.private)
        if not len(asked.rows.matrix):
            return [], None
        of_each = [self._dependence(asked, asked.columns.index(c)) for c in chosen]
        if not self.features:
            of_each = sorted(of_each, key=lambda found: -max(f.value for f in found))[: self.top]
        return [f for found in of_each for f in found], None

    def _dependence(self, asked: Asked, place: int) -> list[Finding[PartialDependence]]:
        """A finding for each output."""
        from tilth.measures.explain.kernel import asked as predicted

        rows, column = asked.rows.matrix, asked.rows.matrix[:, place]
        known = column[~np.isnan(column)]
        is_integer, distinct = asked.rows.kinds[place] is Kind.INTEGER, len(np.unique(known))
        is_category = bool(asked.rows.categories[place]) or distinct <= FEW or (is_integer and distinct <= self.buckets)
        grid, counts = _values(known, not asked.rows.categories[place]) if is_category else _buckets(known, self.buckets)
        if not len(grid):
            return [self._finding(asked, place, output, PartialDependence(output, rows=len(rows))) for output in asked.outputs]
        answers = []
        for value in grid:
            changed = rows.copy()
            changed[:, place] = value
            answers.append(predicted(asked.call, changed))
        found = np.stack(answers)
        spread = found.std(axis=1, ddof=1) / len(rows) ** 0.5 if len(rows) > 1 else np.zeros(found[:, 0].shape)
        values = tuple(map(int, grid)) if is_category and is_integer else asked.rows.named(place, grid)
        return [
            self._finding(
                asked,
                place,
                output,
                PartialDependence(
                    output=output,
                    categorical=is_category,
                    values=values,
                    means=tuple(found[:, :, o].mean(axis=1).tolist()),
                    errors=tuple(spread[:, o].tolist()),
                    shares=tuple((counts / len(rows)).tolist()),
                    curves=tuple(map(tuple, found[:, : self.curves, o].T.tolist())),
                    rows=len(rows),
                ),
            )
            for o, output in enumerate(asked.outputs)
        ]

    def _finding(self, asked: Asked, place: int, output: str, payload: PartialDependence) -> Finding[PartialDependence]:
        name = self.name if len(asked.outputs) == 1 else f"{self.name} of {output}"
        span = max(payload.means) - min(payload.means) if payload.means else 0.0
        return Finding(name, (asked.columns[place],), span, payload=payload)


def _buckets(known: np.ndarray, buckets: int) -> tuple[np.ndarray, np.ndarray]:
    """The centres of buckets of equal width, and the number of values in each."""
    counts, edges = np.histogram(known, bins=buckets)
    return (edges[:-1] + edges[1:]) / 2, counts


def _values(known: np.ndarray, ascending: bool) -> tuple[np.ndarray, np.ndarray]:
    """The most frequent values, `ascending` or the most frequent first, and the number of rows with each."""
    values, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    order = np.sort(order) if ascending else order
    return values[order], counts[order]


# ── the section ──


def pdp(found: Sequence[Finding[PartialDependence]]) -> Section:
    """For each feature, output and part: a curve with the shares of rows below it, or bars of values."""
    blocks: list[Block] = [
        Words(f"The mean prediction of {counted(found[0].payload.rows, 'row')} where all have the same value of a feature.")
    ]
    for i, f in enumerate(found):
        p = f.payload
        if not p.values:
            blocks.append(Words(f"{code(f.columns)} has no value in the sample."))
            continue
        of = f"{code(p.output)} by {code(f.columns)}{f' in {code(f.part)}' if f.part else ''}"
        title, key = f"Partial dependence of {p.output} on {f.columns}", f"pdp {i}"
        drawn, legend = bars(title, {str(v): m for v, m in zip(p.values, p.means, strict=True)}, key=key), ""
        if not p.categorical:
            drawn, single = curve(title, p.values, p.means, p.curves, p.shares, key=key), "thin lines are single rows, " if p.curves else ""
            legend = f" In the chart, {single}bars the shares of rows."
        blocks.append(Picture(drawn, f"Mean prediction of {of}; it changes by {exact(f.number)}.{legend}"))
        rows = [(_shown(v), exact(m), exact(e), percent(s)) for v, m, e, s in zip(p.values, p.means, p.errors, p.shares, strict=True)]
        heads = ("value", "mean prediction", "standard error", "rows")
        blocks.append(table(f"Mean prediction of {of}", heads, rows, heads[1:], brief=0))
    first = max(found, key=lambda f: f.number or 0.0)
    lead = f"{code(first.columns)} changes the mean prediction most, by {exact(first.number)}."
    return Section("pdp", "How predictions depend on a feature", tuple(blocks), lead=lead)


def _shown(value: Any) -> str:
    return exact(value) if isinstance(value, float) else code(value)


PDP = ReportSection(PartialDependence, pdp)
