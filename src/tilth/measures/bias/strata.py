"""Finds columns that may explain a difference: within their values it is smaller, gone, or reversed (Simpson's paradox)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tilth.data import Dataset, Kind
from tilth.engine.session import Session
from tilth.engine.statistics import distinct
from tilth.errors import ColumnError, unknown
from tilth.measures.bias.contingency import Contingency
from tilth.measures.bias.cube import FIRST, SQUARES, WEIGHTS, counted
from tilth.measures.bias.evaluation import Group, drawn_metrics
from tilth.measures.bias.metrics import BIAS_METRICS, BiasMetric
from tilth.measures.bias.request import EVERY, BiasRequest
from tilth.measures.bias.values import category
from tilth.metrics import intervals
from tilth.metrics.contrasts import Numbers, divided
from tilth.report import warning
from tilth.report.blocks import Section, Words, code, exact, table, value_with_interval
from tilth.report.blocks import counted as number_of
from tilth.report.charts import percent
from tilth.report.finding import Finding, Payload
from tilth.report.sections import ReportSection

MOST_STRATA = 50  # a column with at most this many values is a candidate without being named
KINDS = (Kind.STRING, Kind.BOOLEAN, Kind.INTEGER)
CAUTION = (
    "The best of many columns explains more here than it would in other data. A column that is itself a consequence of the group, "
    "such as the income of a person, explains a difference but does not justify it."
)
SURE = 0.01  # smaller differences do not count as reversed


@dataclass(frozen=True)
class WithinStrata(Payload):
    """The difference of favourable outcomes between a group and the others within the values of a column, which is the finding's value.

    It is the mean over the strata with both sides, weighted by their rows: the difference if both sides were distributed over the strata
    like all rows. `overall` is the difference without strata (DPL, or DPPL without a label), `conditional` is CDDL or CDDPL,
    `reversed_share` is the share of rows in strata with a difference in the other direction, `one_sided_share` the share in strata without
    one of the sides, which are left out.
    """

    KIND: ClassVar[str] = "strata"
    VALUE: ClassVar[str] = "difference within strata"
    facet: str = ""
    facet_value: str = ""
    column: str = ""
    overall: float | None = None
    conditional: float | None = None
    strata: int = 0
    reversed_share: float = 0.0
    one_sided_share: float = 0.0


def _sides(numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Rows of each side by stratum, (draws, side, stratum), and the difference of their favourable shares, (draws, stratum)."""
    rows = numbers.sum(axis=-1)
    rates = divided(numbers[..., 1], rows)
    return rows, np.where((rows > 0).all(axis=1), rates[:, 0] - rates[:, 1], 0.0)


def _within(axis: str) -> BiasMetric:
    """The standardised difference as a metric, so that it can be bootstrapped like the others."""

    def formula(t: Contingency) -> Numbers:
        rows, gaps = _sides(t.known("stratum", axis))
        weights = np.where((rows > 0).all(axis=1), rows.sum(axis=1), 0.0)
        found: Numbers = (weights * gaps).sum(axis=-1) / weights.sum(axis=-1)
        return found

    return BiasMetric("within strata", "Difference within strata", ("stratum", axis), (-1, 1), formula, "")


def strata_findings(data: Dataset, request: BiasRequest, engine: Session) -> list[Finding]:
    """For each group and candidate column, the difference within its values, the strongest explanation first; and warnings.

    Each candidate takes a scan. Errors: `ColumnError` for candidates that do not exist.
    """
    schema = engine.schema(data)
    named = [c for c in request.strata if c != EVERY]
    ColumnError.reject(unknown((c for c in named if c not in schema), schema.names, "strata: there is no column {}", "unknown-column"))
    candidates = dict.fromkeys([*named, *(_candidates(data, request, engine) if EVERY in request.strata else [])])
    every = [f for c in candidates for f in _of_candidate(c, data, request, engine)]
    found, unfit = ([f for f in every if isinstance(f.payload, WithinStrata) is own] for own in (True, False))
    order = list(dict.fromkeys(f.group for f in found))
    found.sort(key=lambda f: (order.index(f.group), abs(f.value or 0.0) * (1 if (f.value or 0.0) * (f.payload.overall or 0.0) > 0 else -1)))
    return [*found, *unfit, *(w for f in found if (w := _reversed(f, request)) is not None)]


def _candidates(data: Dataset, request: BiasRequest, engine: Session) -> list[str]:
    """Columns with few distinct values that have no role in the request and do not identify rows."""
    roles, schema = data.roles, engine.schema(data)
    aside = {*request.columns, *roles.id, *roles.private, *roles.text, *roles.image, WEIGHTS, SQUARES} - {request.group}
    aside |= {c for c in (roles.time, roles.split, roles.fold, roles.weight) if c}
    aside -= {f.column for f in request.facets}
    asked = {c.name: distinct(category(c.name, c.kind)) for c in schema if c.kind in KINDS and c.name not in aside}
    seen = engine.sample_statistics(data, asked.values(), FIRST)
    return [name for name, s in asked.items() if 2 <= int(seen[s] or 0) <= MOST_STRATA]


def _of_candidate(column: str, data: Dataset, request: BiasRequest, engine: Session) -> Iterator[Finding]:
    axis, name = ("label", "CDDL") if request.label is not None else ("prediction", "CDDPL")
    facets = tuple(f for f in request.facets if f.column != column)
    if not facets or column in (request.label, request.prediction):
        return
    asked = replace(request, group=column, metrics=(name,), facets=facets, intersections=(), counts=False, strata=())
    found = counted(asked, data, engine)
    if found.no_strata and column in request.strata:
        yield warning("NO_STRATA", f"strata: {found.no_strata.removeprefix('Group variable ')}", (column,), "bias")
    within, conditional = _within(axis), BIAS_METRICS[name]
    overall = BIAS_METRICS["DPL" if axis == "label" else "DPPL"]
    for cube in found.cubes if not found.no_strata else ():
        groups = [Group(cube, side, found) for side in cube.sides]
        draws = drawn_metrics(cube.cells, cube.members, groups, [within], cube.facet.name, column)
        for g, drawn in zip(groups, draws, strict=True):
            value = within.value(g.weights)
            if value is None:
                continue
            counts = g.weights.known("stratum", axis)
            rows, gaps = (x[0] for x in _sides(counts))
            whole, plain = rows.sum(), overall.value(g.weights)
            against = gaps * (plain or 0.0) < 0
            payload = WithinStrata(
                facet=cube.facet.name,
                facet_value=g.side.name,
                column=column,
                overall=plain,
                conditional=conditional.value(g.weights),
                strata=int((rows.sum(axis=0) > 0).sum()),
                reversed_share=float(rows.sum(axis=0)[against].sum() / whole),
                one_sided_share=float(rows.sum(axis=0)[(rows == 0).any(axis=0)].sum() / whole),
            )
            ends = intervals.percentile_interval(drawn[within.name], request.confidence) if drawn else None
            low, high = ends or (None, None)
            words = f"{_often(plain)} overall, {_often(value)} within the values of {column}"
            yield Finding(
                "within strata", (cube.facet.name, column), value, group=g.name, low=low, high=high,
                confidence=request.confidence if ends else None, message=words, payload=payload,
            )  # fmt: skip


def _often(difference: float | None) -> str:
    """The difference in words. It is the rate of the others minus the rate of the group."""
    if difference is None:
        return "no difference"
    return f"{abs(difference) * 100:.1f} percentage points {'less' if difference > 0 else 'more'} often"


def _reversed(f: Finding[WithinStrata], request: BiasRequest) -> Finding | None:
    """The warning that a difference is reversed within the strata."""
    overall, value = f.payload.overall or 0.0, f.value
    if overall * value >= 0 or abs(overall) < SURE or abs(value) < SURE or (f.low is not None and f.low <= 0 <= (f.high or 0.0)):
        return None
    outcome = request.label or request.prediction
    message = f"{f.group} has the favourable {outcome} {_often(overall)} than the others overall and {_often(value)} within the values of "
    message += (
        f"{f.payload.column} (Simpson's paradox): the two point in different directions, and only your question decides which one counts"
    )
    return warning("REVERSED_WITHIN_STRATA", message, (f.payload.facet, f.payload.column), "bias")


def section(found: Sequence[Finding[WithinStrata]]) -> Section:
    """The candidates of each group, starting with the one that leaves the smallest difference."""
    heads = ("group", "within the values of", "difference", "within them", "CDDL or CDDPL", "rows in reversed strata", "strata")
    rows = [
        (
            code(f.group) + (f" in {code(f.part)}" if f.part else ""),
            code(f.payload.column),
            value_with_interval(f.payload.overall),
            value_with_interval(f.value, f.low, f.high),
            value_with_interval(f.payload.conditional),
            percent(f.payload.reversed_share),
            str(f.payload.strata),
        )
        for f in found
    ]
    worst = max(found, key=lambda f: abs(f.payload.overall or 0.0))
    best = next(f for f in found if (f.group, f.part) == (worst.group, worst.part))
    lead = f"{number_of(len(dict.fromkeys(f.payload.column for f in found)), 'column')} examined; the largest difference, that of "
    lead += f"{code(best.group)}, is {exact(best.payload.overall or 0.0)} overall and {exact(best.value or 0.0)} within the values of "
    lead += f"{code(best.payload.column)}."
    lines = table("The difference of favourable outcomes within the values of other columns", heads, rows, numbers=heads[2:], brief=12)
    return Section("strata", "What may explain differences", (Words(CAUTION), lines), lead=lead)


STRATA = ReportSection(WithinStrata, section)
