"""From results to findings: one per metric and group, with the direction in words and the groups by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tilth.data import Dataset
from tilth.engine.engine import Engine
from tilth.errors import did_you_mean, listed
from tilth.measures.bias.axes import Axes
from tilth.measures.bias.counting import Counted, counted
from tilth.measures.bias.evaluation import GroupResults, Result, evaluate, finite, with_distances
from tilth.measures.bias.kinds import Interval
from tilth.measures.bias.request import SEVERAL, BiasRequest
from tilth.report import Finding, FindingKind

Bands = Mapping[str, tuple[Interval, ...]]
"""Facet → the bands that it is parted into."""

MUCH_EXCLUDED = 0.05
MISSING_DIFFERS = 0.02


def bias_findings(data: Dataset, request: BiasRequest | None = None, *, engine: Engine, **options: Any) -> list[Finding]:
    """Every bias metric of every group: findings of kind BIAS, and warnings.

    Without a `request` the table's roles make it, with `options` as its further parameters. A finding's `value` is the metric,
    `low` and `high` its interval; `details` hold `facet`, `facet_value`, `other`, `label`, `label_value`, `group_variable`, `status`
    (ok, degenerate, error), `error`, `notes`, `n_used`, `n_excluded`, `counts`, `description`, `method`, `p_value`, `p_adjusted`,
    `verdict`, and what the metric alone has (strata). A degenerate value stands by convention and must get no verdict.

    Errors: `RequestError` with every mistake of the request at once.
    """
    request = request or BiasRequest.of_roles(data.roles, engine.schema(data), **options)
    return bias_and_bands(data, request, engine)[0]


def bias_and_bands(data: Dataset, request: BiasRequest, engine: Engine) -> tuple[list[Finding], Bands]:
    """The findings of `bias_findings`, and facet → the bands that it was cut into, for `BiasRequest.cut_as`: later tables then have
    the groups of this one."""
    schema = engine.schema(data)
    request.check(schema)
    axes = Axes.of(request, schema, data, engine)
    found = counted(axes)
    cut = {a.column: a.intervals for table in found.tables for a in table.facet.axes if a.intervals and not a.values}
    groups = with_distances(evaluate(found, request), found, request, data, engine)
    findings = [_finding(r, g, found, request) for g in groups for r in g.results]
    warnings = [_warning(code, (column,), message) for code, column, message in axes.warnings]
    return [*findings, *warnings, *_nothing(found), *(w for g in groups for w in _missingness(g))], cut


def _finding(r: Result, g: GroupResults, found: Counted, request: BiasRequest) -> Finding:
    details = {
        "facet": g.facet,
        "facet_value": g.side,
        "other": g.other,
        "label": request.label,
        "label_value": found.positive_name,
        "positive": found.positive_name,
        "group_variable": request.group,
        "description": r.description,
        "status": r.status,
        "error": r.error,
        "notes": list(r.notes),
        "n_used": r.rows_used,
        "n_excluded": r.rows_excluded,
        "counts": dict(g.counts),
        "method": r.method,
        "p_value": r.p_value,
        "p_adjusted": r.p_adjusted,
        "verdict": r.verdict,
        "band": list(r.band) if r.band else None,
        **r.more,
    }
    subject = tuple(c for c in (g.facet, request.label) if c is not None)
    return Finding(
        FindingKind.BIAS,
        r.metric,
        subject,
        r.value,
        message=_words(r, g, found, request),
        group=_group(g),
        low=r.low,
        high=r.high,
        confidence=None if r.low is None else request.confidence,
        details=details,
    )


def _group(g: GroupResults) -> str:
    """`sex=F`; a combination's name has its columns in it."""
    return g.side if SEVERAL in g.facet else f"{g.facet}={g.side}"


def _rest(g: GroupResults) -> str:
    """The other group, where it is one."""
    return f"{g.facet}={g.other}" if g.other else "the others"


# ── words ──


def _words(r: Result, g: GroupResults, found: Counted, request: BiasRequest) -> str:
    """What the number says, with the groups' names and the direction."""
    if r.status == "error" or r.value is None:
        return f"cannot be told: {r.error}"
    d, a = _group(g), _rest(g)
    if r.more.get("block") == "by_label_value":
        told = f"{_number(r.value)} over all values of {request.label}; the largest gap is at {r.more['largest']}"
    elif r.more.get("block") == "continuous":
        told = f"{_number(r.value)} between the values of {request.label} of {d} and {a}"
    else:
        told = SENTENCES[r.metric](r, g, {"d": d, "a": a, "y": f"{request.label}={found.positive_name}", "strata": request.group or ""})
    return f"not determinable ({told})" if r.status == "degenerate" else told


Names = Mapping[str, str]


def _rows(n: float) -> str:
    return f"{n:,.0f}"


def _points(x: float) -> str:
    """A difference of shares in percentage points."""
    return f"{abs(x) * 100:.1f} percentage points"


def _percent(x: float | None) -> str:
    return "no" if x is None else f"{x * 100:.1f} %"


def _ci(r: Result, g: GroupResults, names: Names) -> str:
    d, a = g.counts["n_d"], g.counts["n_a"]
    word = "fewer rows than" if d < a else "more rows than" if d > a else "as many rows as"
    return f"{names['d']} has {_rows(d)} rows, {names['a']} {_rows(a)}: {word} {names['a']}"


def _dpl(r: Result, g: GroupResults, names: Names) -> str:
    a, d = g.shares
    shown = f"{names['y']} in {_percent(d)} of {names['d']} and {_percent(a)} of {names['a']}"
    if not r.value:
        return f"{shown}: equally often"
    return f"{shown}: {_points(r.value)} {'less' if r.value > 0 else 'more'} often for {names['d']}"


def _distance(what: str) -> Callable[[Result, GroupResults, Names], str]:
    def told(r: Result, g: GroupResults, names: Names) -> str:
        return f"the outcomes of {names['d']} and {names['a']} are {_number(r.value)} apart, {what}"

    return told


def _number(x: float | None) -> str:
    return f"{x:.4g}" if finite(x) else "infinitely far"


def _tvd(r: Result, g: GroupResults, names: Names) -> str:
    return f"{_percent(r.value)} of the outcomes of {names['d']} would have to change to match {names['a']}"


def _ks(r: Result, g: GroupResults, names: Names) -> str:
    return f"the shares of no outcome of {names['d']} and {names['a']} are farther apart than {_points(r.value or 0.0)}"


def _cddl(r: Result, g: GroupResults, names: Names) -> str:
    value, plain = r.value or 0.0, r.more.get("plain_disparity") or 0.0
    way = "more" if value > 0 else "less"
    shown = f"within the {r.more['strata']} groups of {names['strata']} the share of {names['d']} in the refusals is "
    shown += f"{_points(value)} {way} than in the acceptances" if value else "the same as in the acceptances"
    return f"{shown}; without the groups {_points(plain)} {'more' if plain > 0 else 'less'}" if plain else shown


SENTENCES: dict[str, Callable[[Result, GroupResults, Names], str]] = {
    "CI": _ci,
    "DPL": _dpl,
    "KL": _distance("without an upper bound (0 is the same distribution)"),
    "JS": _distance("of at most 0.6931 (0 is the same distribution)"),
    "LP": _distance("of at most 1.414 (0 is the same distribution)"),
    "TVD": _tvd,
    "KS": _ks,
    "CDDL": _cddl,
}


# ── warnings ──


def _warning(code: str, subject: tuple[str, ...], message: str, **details: Any) -> Finding:
    return Finding(FindingKind.WARNING, code, subject, message=message, details={"measure": "bias", **details})


def _nothing(found: Counted) -> list[Finding]:
    """Facets of which no row has a value, and configured values that no row has."""
    warnings = []
    for table in found.tables:
        name = table.facet.name
        if not table.keys:
            warnings.append(_warning("NO_VALUES", (name,), f"facet {name!r} has no value in any row"))
        warnings += [_absent(name, s.name, table.keys) for s in table.sides if table.keys and not s.keys]
    label, labels = found.label, tuple(dict.fromkeys(k for table in found.tables for k in table.labels))
    if label is not None and labels and not label.intervals and not any(label.is_configured(k) for k in labels):
        warnings.append(_absent(label.column, found.positive_name, labels))
    return warnings


def _absent(column: str, value: str, keys: tuple[Any, ...]) -> Finding:
    known = [str(k) for k in keys if isinstance(k, str | bool | int | float)]
    told = [f"no row has {column}={value}", f"there is {listed(known)}", did_you_mean(value, known)]
    return _warning("NO_SUCH_VALUE", (column,), "; ".join(t for t in told if t))


def _missingness(g: GroupResults) -> list[Finding]:
    """Missing values are themselves a sign of bias: said where many rows are left out, or more labels miss on one side."""
    a, d = g.missing_labels
    told = []
    if g.excluded > MUCH_EXCLUDED:
        told.append(f"{g.excluded:.1%} of the rows are left out, because the facet or the label is missing")
    if abs(a - d) > MISSING_DIFFERS:
        told.append(f"the label is missing in {d:.1%} of {_group(g)} and in {a:.1%} of {_rest(g)}")
    details = {"facet_value": g.side, "excluded": g.excluded, "missing_label_a": a, "missing_label_d": d}
    return [_warning("MISSINGNESS_DIFFERS", (g.facet,), f"{_group(g)}: {'; '.join(told)}", **details)] if told else []
