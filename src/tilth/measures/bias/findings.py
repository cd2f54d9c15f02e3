"""Findings of bias for each metric and group, and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tilth.data import Dataset, Kind
from tilth.engine.session import Session
from tilth.errors import did_you_mean, listed
from tilth.measures.bias.axis import FEW, MISSING_KEY
from tilth.measures.bias.content import broken_images, with_content
from tilth.measures.bias.counts import counts_finding
from tilth.measures.bias.cube import Counted, counted
from tilth.measures.bias.evaluation import Group, evaluate, performances
from tilth.measures.bias.request import BiasRequest, Groups
from tilth.measures.bias.strata import strata_findings
from tilth.measures.bias.values import Interval
from tilth.report import Finding, warning
from tilth.report.charts import percent

MUCH_EXCLUDED = 0.05
MISSING_DIFFERS = 0.02


def bias_findings(data: Dataset, request: BiasRequest | None = None, *, engine: Session, **options: Any) -> list[Finding]:
    """Every bias metric of every group: findings of kind `bias`, and warnings.

    Without a `request` the table's roles make it, with `options` as its further parameters. A finding's `value` is the metric, `low` and
    `high` its interval; its payload is a `BiasNumber`.

    Errors: `RequestError` with every mistake of the request at once.
    """
    request = request or BiasRequest.of_roles(data.roles, engine.schema(data), **options)
    return bias_and_groups(data, request, engine)[0]


def bias_and_groups(data: Dataset, request: BiasRequest, engine: Session) -> tuple[list[Finding], Groups]:
    """The findings of `bias_findings`, and facet → its groups, with which `BiasRequest.cut_as` gives the same groups to parts
    measured later."""
    data, request = with_content(data, request, engine)
    found = counted(request, data, engine)
    single = {a.column: a for cube in found.cubes for a in cube.facet.axes if not a.values}
    cut = {c: (a.intervals, a.facts.values if a.facts is not None and not a.intervals else ()) for c, a in single.items()}
    measured = evaluate(found, data, engine)
    warnings = [warning(code, words, (column,), "bias") for code, column, words in found.warnings]
    missing = _missingness([g for g, _ in measured], found)
    numbers: list[Finding] = [*(f for _, of in measured for f in of), *performances(found, [g for g, _ in measured])]
    numbers += strata_findings(data, request, engine) if request.strata else []
    numbers += [counts_finding(found)] if request.counts else []
    return [*numbers, *warnings, *_nothing(found), *missing, *broken_images(data, request, engine)], cut


def _nothing(found: Counted) -> list[Finding]:
    """Warnings about facets without values, facets with a single group, and configured values that no row has."""
    warnings = []
    for cube in found.cubes:
        name = cube.facet.name
        if not cube.keys:
            warnings.append(warning("NO_VALUES", f"facet {name!r} has no value in any row", (name,), "bias"))
        axis = cube.facet.axes[0] if len(cube.facet.axes) == 1 else None
        known = [k for k in cube.keys if not isinstance(k, tuple) and k != MISSING_KEY]
        there = [axis.name(k, cube.keys) for k in known] if axis is not None and not axis.private else []
        warnings += [_alone(name, s.name, int(cube.cells[0][:-1].sum())) for s in cube.sides if s.keys >= {*cube.keys} and cube.keys]
        warnings += [_absent(name, s.name, there) for s in cube.sides if cube.keys and not s.keys]
    for axis in (found.axes.label, found.axes.prediction):
        values = axis.facts.values if axis is not None and axis.facts is not None and not axis.intervals else ()
        if axis is not None and values and not any(axis.is_configured(k) for k in values):
            scores = axis is found.axes.prediction and axis.kind is Kind.FLOAT and len(values) > FEW
            warnings.append(_scores(axis.column) if scores else _absent(axis.column, found.favourable, [] if axis.private else values))
    return warnings


def _alone(column: str, value: str, rows: int) -> Finding:
    message = f"all {rows:,} rows that have a value are {column}={value}: there are no others to compare it with, so no metric has a value"
    return warning("ONE_GROUP", message, (column,), "bias")


def _scores(column: str) -> Finding:
    message = f"{column!r} has scores where outcomes are expected: give the threshold above which one is favourable, such as "
    message += "threshold: 0.5, on the command line --threshold 0.5, in a Clarify configuration probability_threshold"
    return warning("NO_THRESHOLD", message, (column,), "bias")


def _absent(column: str, value: str, values: Iterable[Any]) -> Finding:
    known = [str(v) for v in values if isinstance(v, str | bool | int | float)]
    meant = "" if Interval.parsed(value) else did_you_mean(value, known)
    words = [f"no row has {column}={value}", f"there is {listed(known)}" if known else "", meant]
    return warning("NO_SUCH_VALUE", "; ".join(w for w in words if w), (column,), "bias")


def _missingness(groups: Sequence[Group], found: Counted) -> list[Finding]:
    """Warnings that many rows are excluded, or that more labels are missing on one side, because missing values can indicate bias.

    The first is given once per facet, the second once for two groups that are compared with each other.
    """
    warnings, said = list[Finding](), set[object]()
    for g in groups:
        facet, labelled = g.cube.facet.name, found.axes.label is not None
        a, d = g.missing_labels if labelled else (0.0, 0.0)
        used = g.rows.known("label") if labelled else g.rows.known()
        excluded = 1 - float(used.sum() / g.cube.total) if g.cube.total else 1.0
        words = []
        if excluded > MUCH_EXCLUDED and facet not in said:
            words.append(f"{percent(excluded)} of the rows are excluded, because the facet or the label is missing")
        if abs(a - d) > MISSING_DIFFERS and (facet, g.side.name) not in said:
            rest = f"{facet}={g.other}" if g.other else "the others"
            words.append(f"the label is missing in {percent(d)} of {g.name} and in {percent(a)} of {rest}")
        said |= {facet, (facet, g.other)}
        if words:
            details = {"facet_value": g.side.name, "excluded": excluded, "missing_label_a": a, "missing_label_d": d}
            warnings.append(warning("MISSINGNESS_DIFFERS", f"{g.name}: {'; '.join(words)}", (facet,), "bias", **details))
    return warnings
