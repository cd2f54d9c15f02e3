"""From results to findings: one per metric and group, with the direction in words and the groups by their names."""

from __future__ import annotations

import math
from typing import Any

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import did_you_mean, listed
from tilth.measures.bias.cube import Counted, counted
from tilth.measures.bias.evaluation import Group, Result, evaluate
from tilth.measures.bias.metrics import BIAS_METRICS, BiasMetric
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.request import BiasRequest, Groups
from tilth.measures.bias.words import Told, sentences
from tilth.report import Finding, warning

Bands = Groups

MUCH_EXCLUDED = 0.05
MISSING_DIFFERS = 0.02


def bias_findings(data: Dataset, request: BiasRequest | None = None, *, engine: Session, **options: Any) -> list[Finding]:
    """Every bias metric of every group: findings of kind `bias`, and warnings.

    Without a `request` the table's roles make it, with `options` as its further parameters. A finding's `value` is the metric, `low` and
    `high` its interval; its payload is a `BiasNumber`. A degenerate value stands by convention and must get no verdict.

    Errors: `RequestError` with every mistake of the request at once.
    """
    request = request or BiasRequest.of_roles(data.roles, engine.schema(data), **options)
    return bias_and_bands(data, request, engine)[0]


def bias_and_bands(data: Dataset, request: BiasRequest, engine: Session) -> tuple[list[Finding], Bands]:
    """The findings of `bias_findings`, and facet → its groups, for `BiasRequest.cut_as`: parts that are measured later then have
    the groups of this one."""
    found = counted(request, data, engine)
    single = {a.column: a for cube in found.cubes for a in cube.facet.axes if not a.values}
    cut = {c: (a.intervals, a.facts.values if a.facts is not None and not a.intervals else ()) for c, a in single.items()}
    measured = evaluate(found, request, data, engine)
    findings = [_finding(r, g, found, request) for g, results in measured for r in results]
    warnings = [warning(code, message, (column,), "bias") for code, column, message in found.warnings]
    return [*findings, *warnings, *_nothing(found), *(w for g, _ in measured for w in _missingness(g, found))], cut


def _finding(r: Result, g: Group, found: Counted, request: BiasRequest) -> Finding:
    payload = BiasNumber(
        facet=g.cube.facet.name,
        facet_value=g.side.name,
        other=g.other or None,
        label=request.label,
        label_value=found.favourable,
        positive=found.favourable,
        group_variable=request.group,
        description=r.description,
        status=r.status,
        error=r.error,
        notes=tuple(r.notes),
        n_used=r.n_used,
        n_excluded=r.n_excluded,
        counts=g.counts(found, request.weight is not None),
        method=r.method,
        p_value=r.p_value,
        p_adjusted=r.p_adjusted,
        verdict=r.verdict,
        band=r.band,
        block=r.more.get("block"),
        more={name: value for name, value in r.more.items() if name != "block"},
    )
    subject = tuple(c for c in (g.cube.facet.name, request.label) if c is not None)
    return Finding(
        r.metric,
        subject,
        r.value,
        message=_words(r, g, found, request),
        group=_group(g),
        low=r.low,
        high=r.high,
        confidence=None if r.low is None else request.confidence,
        payload=payload,
    )


def _group(g: Group) -> str:
    """`sex=F`; a combination's name has its columns in it."""
    return g.side.name if g.cube.facet.crossed else f"{g.cube.facet.name}={g.side.name}"


def _rest(g: Group) -> str:
    """The other group, where it is one."""
    return f"{g.cube.facet.name}={g.other}" if g.other else "the others"


# ── words ──


def _words(r: Result, g: Group, found: Counted, request: BiasRequest) -> str:
    """What the number means, with the groups' names and the direction."""
    if r.status == "error" or r.value is None:
        return f"no value: {r.error}"
    block = r.more.get("block")
    if block == "by_label_value":
        return f"{r.description}: {_number(r.value)}; the largest gap is at {r.more['largest']}"
    metric = BIAS_METRICS.get(r.metric)
    told = sentences(metric, [_told(r, metric, g, found, request)]) if metric is not None else []
    words = " ".join(told) or f"{metric.meaning if metric is not None else r.description}: {_number(r.value)}"
    return f"not determinable ({words})" if r.status == "degenerate" else words


def _told(r: Result, m: BiasMetric, g: Group, found: Counted, request: BiasRequest) -> Told:
    sizes = g.weights.known()[0]
    rates = None
    if m.rate is not None:
        hits, of = (x[0] for x in m.rate(g.weights))
        rates = (hits[0] / of[0], hits[1] / of[1]) if of.all() else None
    outcome = f"{request.label or request.prediction}={found.favourable}"
    return Told(_group(g), _rest(g), outcome, r.value or 0.0, "", r.low, r.high, sizes[1] / sizes.sum() if sizes.sum() else None, rates)


def _number(x: float) -> str:
    return f"{x:.4g}" if math.isfinite(x) else "infinite"


# ── warnings ──


def _nothing(found: Counted) -> list[Finding]:
    """Facets of which no row has a value, and configured values that no row has."""
    warnings = []
    for cube in found.cubes:
        name = cube.facet.name
        if not cube.keys:
            warnings.append(warning("NO_VALUES", f"facet {name!r} has no value in any row", (name,), "bias"))
        hidden = any(a.private for a in cube.facet.axes)
        warnings += [_absent(name, s.name, cube.keys, hidden) for s in cube.sides if cube.keys and not s.keys]
    for axis, of in ((found.axes.label, "labels"), (found.axes.prediction, "predictions")):
        keys = tuple(dict.fromkeys(k for cube in found.cubes for k in getattr(cube, of)))
        if axis is not None and keys and not axis.intervals and not any(axis.is_configured(k) for k in keys):
            warnings.append(_absent(axis.column, found.favourable, keys, axis.private))
    return warnings


def _absent(column: str, value: str, keys: tuple[Any, ...], hidden: bool) -> Finding:
    known = [] if hidden else [str(k) for k in keys if isinstance(k, str | bool | int | float)]
    words = [f"no row has {column}={value}", f"there is {listed(known)}" if known else "", did_you_mean(value, known)]
    return warning("NO_SUCH_VALUE", "; ".join(w for w in words if w), (column,), "bias")


def _missingness(g: Group, found: Counted) -> list[Finding]:
    """Missing values are themselves a sign of bias: warned of where many rows are excluded, or more labels are missing on one side."""
    a, d = g.missing_labels if found.axes.label is not None else (0.0, 0.0)
    used = g.rows.known("label") if found.axes.label is not None else g.rows.known()
    excluded = 1 - float(used.sum() / g.cube.total) if g.cube.total else 1.0
    words = []
    if excluded > MUCH_EXCLUDED:
        words.append(f"{excluded:.1%} of the rows are excluded, because the facet or the label is missing")
    if abs(a - d) > MISSING_DIFFERS:
        words.append(f"the label is missing in {d:.1%} of {_group(g)} and in {a:.1%} of {_rest(g)}")
    details = {"facet_value": g.side.name, "excluded": excluded, "missing_label_a": a, "missing_label_d": d}
    return [warning("MISSINGNESS_DIFFERS", f"{_group(g)}: {'; '.join(words)}", (g.cube.facet.name,), "bias", **details)] if words else []
