"""Observations: numbers of a check that are outside the range which their history suggests. They change no verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, TypeAlias

from tilth.engine.user_sql.writing import rule_string
from tilth.report import Finding
from tilth.report.blocks import Advice, Cell, Section, code, counted, table, value_with_interval
from tilth.report.finding import Payload
from tilth.report.sections import ReportSection
from tilth.rules.context import History, statistic
from tilth.rules.expected import FEWEST, MOST, Expected, expected
from tilth.rules.findings import TREND
from tilth.rules.language.syntax import Analyzer, Condition, Literal, Parameter, Rule
from tilth.rules.prepared import RuleResult
from tilth.rules.section import over_time
from tilth.rules.types import RULE_TYPES, respelled

Known: TypeAlias = Sequence[tuple[datetime, float]]
"""The earlier values of a metric with their times, the latest first."""
MOST_NAMED = 3
SHARE, COUNT = (0.0, 1.0), (0.0, math.inf)
DOMAINS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("Completeness", "Uniqueness", "UniqueValueRatio", "Compliance", "LengthCompliance", "PatternMatch"), SHARE),
    **dict.fromkeys(("RowCount", "ColumnCount", "DistinctValuesCount", "MinimumLength", "MaximumLength"), COUNT),
    **dict.fromkeys(("StandardDeviation", "Entropy"), COUNT),
    "ColumnCorrelation": (-1.0, 1.0),
}
ENDS = {"Minimum": "ColumnValues", "Maximum": "ColumnValues", "MinimumLength": "ColumnLength", "MaximumLength": "ColumnLength"}
"""Metric of one end of a column's values or lengths → its rule type. A rule on it has one bound; rules on other metrics have a range."""


@dataclass(frozen=True)
class Observation(Payload):
    """A metric outside its limits `low` to `high`. The name of the finding is the metric, its value the measured number.

    `rule` is the rule that the limits suggest; `earlier` are the values of earlier checks, latest first.
    """

    KIND: ClassVar[str] = "observation"
    VALUE: ClassVar[str] = "value"
    expected: float = 0.0
    low: float = 0.0
    high: float = 0.0
    rule: str = ""
    earlier: tuple[float, ...] = ()


def observations(results: Mapping[Rule, RuleResult], history: History, at: datetime) -> Iterator[Finding[Observation]]:
    """The observations of a check: of its analyzers and of the rule types that Glue observes, each metric once."""
    seen = set[str]()
    for rule, result in results.items():
        if not isinstance(rule, Analyzer) and not RULE_TYPES[rule.type].observed:
            continue
        for name, value in result.metrics.items():
            recorded = statistic(rule, name)
            if recorded not in seen and isinstance(value, int | float | Decimal):
                seen.add(recorded)
                yield from _observed(rule, name, float(value) if isinstance(value, Decimal) else value, history(recorded, MOST), at)


def _observed(rule: Rule, name: str, value: float, earlier: Known, at: datetime) -> Iterator[Finding[Observation]]:
    if all(known == value for _, known in earlier):  # as ever, or never before: most metrics of most checks
        return
    limits = limits_of(name, earlier, at)
    if limits is None or limits.holds(value):
        return
    payload = Observation(limits.value, limits.low, limits.high, suggested(rule, name, limits), tuple(v for _, v in earlier[:TREND]))
    where = rule.where.pattern if rule.where else ""
    columns = () if name.startswith("Dataset.") else tuple(p.text.name for p in _measured(rule, name).parameters)
    yield Finding(name, columns, value, message=outside(name, value, limits, payload.rule), where=where, payload=payload)


def limits_of(name: str, earlier: Known, at: datetime) -> Expected | None:
    """The expected range of a metric at a time, from earlier values; None if there are too few."""
    known = [(time, value) for time, value in earlier if math.isfinite(value)]
    if len(known) < FEWEST:
        return None
    domain = DOMAINS.get(_parts(name)[1], (-math.inf, math.inf))
    return expected([value for _, value in known], domain, [time for time, _ in known], at)


def outside(name: str, value: float, limits: Expected, rule: str) -> str:
    """The message that a metric is outside its limits, with the rule that they suggest."""
    seen = [f"a trend of {limits.trend:+.3g} a check"] if limits.trend else []
    seen += [f"a season of {limits.season}"] if limits.season else []
    by = f" by {' and '.join(seen)}" if seen else ""
    between = f"expected {limits.value:.6g}{by}, {limits.low:.6g} to {limits.high:.6g}"
    return f"{name} is outside the expected range: {value:.6g}, {between}" + (f" ({rule})" if rule else "")


def suggested(rule: Rule, name: str, limits: Expected) -> str:
    """The rule that the limits of a metric suggest; for a share of rows the rule itself with a threshold.

    >>> rule = Rule("ColumnValues", (Parameter("age"),))
    >>> suggested(rule, "Column.age.Maximum", Expected(50.0, 48.2, 51.31))
    'ColumnValues "age" < 51.4'
    """
    low, high = (Literal(bound) for bound in limits.bounds)
    of, last = _measured(rule, name), _parts(name)[1]
    if last not in ENDS and last.casefold() != of.type.casefold():
        return str(replace(rule, labels=(), threshold=Condition("number", ">", (low,)))) if rule.condition else ""
    one_end = Condition("number", "<", (high,)) if last.startswith("Maximum") else Condition("number", ">", (low,))
    return str(replace(of, condition=one_end if last in ENDS else Condition("number", "between", (low, high))))


def _measured(rule: Rule, name: str) -> Rule:
    """The rule type and parameters that a metric is the number of, for DetectAnomalies and analyzers of several metrics, too."""
    first, *others = rule.parameters or (None,)
    if rule.type == "DetectAnomalies" and first is not None:
        word = first.text.name
        return Rule(respelled(word) or word, tuple(others))
    if rule.type == "AllStatistics":
        column, last = _parts(name)
        return Rule(ENDS.get(last, last), () if column == "*" else (Parameter(rule_string(column)[1:-1]),))
    return Rule(rule.type, rule.parameters, where=rule.where)


def _parts(name: str) -> tuple[str, str]:
    """The column of a metric, and its kind: `Column.a.b.Mean` is the mean of `a.b`."""
    of, _, word = name.partition(".")[2].rpartition(".")
    return of, word


def section(findings: Sequence[Finding[Observation]]) -> Section:
    """The measured and expected values, their course, and the rule that would have detected them."""
    rows = [
        (code(f.name), _course(f, i), *map(value_with_interval, (f.value, p.expected)), _range(p), code(p.rule, 400) if p.rule else "")
        for i, f in enumerate(findings)
        for p in (f.payload,)
    ]
    heads = ("metric", "until now", "value", "expected", "limits", "a rule that says so")
    are = "is" if len(findings) == 1 else "are"
    lead = f"{counted(len(findings), 'number')} of this check {are} outside the range that earlier checks suggest."
    advice = (Advice(f"Look at {', '.join(code(f.name) for f in findings[:MOST_NAMED])}: outside the range of earlier checks.", 60),)
    return Section("observations", "Observations", (table("Observations", heads, rows, heads[2:5]),), lead=lead, advice=advice)


def _range(payload: Observation) -> str:
    return f"{value_with_interval(payload.low)} to {value_with_interval(payload.high)}"


def _course(finding: Finding[Observation], i: int) -> Cell:
    return over_time(finding.name, [*reversed(finding.payload.earlier), finding.number], f"{finding.part} {i}")  # one with a `where`, too


OBSERVATIONS = ReportSection(Observation, section)
