"""Conditions on measured numbers that make a pipeline fail, such as `abs(DPL) > 0.1`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tilth.data import Change, Column, Kind, Schema
from tilth.engine.expressions import columns_of
from tilth.engine.row import row_function
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import ExpressionError, Mistake, joined, listed
from tilth.measures.bias.metrics import BIAS_METRICS
from tilth.measures.bias.payload import BiasNumber
from tilth.report.blocks import Points, Section, code, counted
from tilth.report.finding import Finding, Outcome, Payload
from tilth.report.sections import ReportSection

MOST_SHOWN = 10  # most groups in a message
NEEDED = {"stratum": "group"}  # axes whose role has another name
Group = tuple[str, str, str, tuple[str, ...]]
"""Part, group, filter and columns of a finding."""


@dataclass(frozen=True)
class ConditionVerdict(Payload):
    """The verdict of a condition that must not hold: the number of groups that were judged, and of groups that could not be judged.

    The finding's value is the number of groups that meet the condition. The outcome is Error if no group could be judged.
    """

    KIND: ClassVar[str] = "condition"
    JUDGES: ClassVar[bool] = True
    VALUE: ClassVar[str] = "groups for which it holds"
    judged: int = 0
    unknown: int = 0


def verdicts(findings: Iterable[Finding], conditions: Sequence[str]) -> list[Finding[ConditionVerdict]]:
    """A verdict for each condition, judged by the numbers of each group of rows: failed if it holds for any group.

    A condition is an expression of the names of metrics, of the ends of intervals (`DPL_low`, `DPL_high`), and of other numbers of findings
    that reports compare, such as `bias_variance_mean_loss`. Missing numbers and values by convention only (`degenerate`) are null; a
    condition that is null is not judged. It is evaluated for the groups that have all of its metrics.

    Errors: `ExpressionError` with every mistake of every condition.

    >>> dpl = Finding("DPL", ("sex",), 0.2, group="sex=f", low=0.1, high=0.3)
    >>> [(f.outcome.value, f.message) for f in verdicts([dpl], ["abs(DPL) > 0.1", "DPL_low > 0.15"])]
    [('Failed', 'it holds for 1 of 1 group: sex=f (DPL = 0.2)'), ('Passed', 'it holds for 0 of 1 group')]
    """
    groups: dict[Group, dict[str, float | None]] = {}
    for f in findings:
        if f.value is None or f.number is not None:
            groups.setdefault((f.part, f.group, f.where, f.subject), {}).update(_numbers(f))
    schema = Schema(tuple(Column(name, Kind.FLOAT) for name in dict.fromkeys(n for of in groups.values() for n in of)))
    found, wrong = [], []
    for text in conditions:
        try:
            found.append(_verdict(text, groups, schema))
        except ExpressionError as error:
            accepted = (
                joined([n for n in schema.names if not n.endswith(("_low", "_high"))][:40]) if schema.names else "nothing was measured"
            )
            wrong += [replace(_without(m), accepted=accepted) if m.code == "unknown-column" else m for m in error.mistakes]
    ExpressionError.reject(wrong)
    return found


def _without(m: Mistake) -> Mistake:
    """Reword the mistake about an unknown column: the metric is unknown, or it is a bias metric that these columns do not permit."""
    known = next((b for name, b in BIAS_METRICS.items() if f"column {name!r}" in m.message), None)
    if known is None:
        return replace(m, message=m.message.replace("there is no column", "there is no metric"))
    needs = listed(["facet", *(NEEDED.get(axis, axis) for axis in known.requires), *(["metrics: [all]"] if known.name == "FT" else [])])
    return replace(m, message=m.message.replace("there is no column", "there is no value of"), hint=f"{known.name} needs {needs}")


def _numbers(f: Finding) -> Iterator[tuple[str, float | None]]:
    """The numbers of a finding that conditions can use."""
    counts = not (isinstance(f.payload, BiasNumber) and f.payload.status == "degenerate")
    yield f.name, f.number if counts else None
    yield f"{f.name}_low", f.low if counts else None
    yield f"{f.name}_high", f.high if counts else None
    yield from ((f"{f.name}_{name.replace(' ', '_')}", value) for name, value in f.payload.compared.items())


def _verdict(text: str, groups: Mapping[Group, Mapping[str, float | None]], schema: Schema) -> Finding[ConditionVerdict]:
    tree = parse_condition(text, schema)
    names = sorted(columns_of(tree), key=schema.names.index)
    holds = row_function([Change((("holds", tree),))], names)
    asked = {group: of for group, of in groups.items() if all(n in of for n in names)}
    found: dict[Group, Any] = {group: holds(dict(of))["holds"] for group, of in asked.items()}
    failed, judged = [g for g, x in found.items() if x], [g for g, x in found.items() if x is not None]
    outcome = Outcome.FAILED if failed else Outcome.PASSED if judged else Outcome.ERROR
    shown = [f"{_name(g)} ({', '.join(f'{n} = {_short(asked[g][n])}' for n in names)})" for g in failed[:MOST_SHOWN]]
    more = f" and {len(failed) - MOST_SHOWN:,} more" if len(failed) > MOST_SHOWN else ""
    words = f"it holds for {len(failed):,} of {counted(len(judged), 'group')}{': ' if shown else ''}{'; '.join(shown)}{more}"
    if not judged:
        lacking = [n for n in names if any(of[n] is None for of in asked.values())]
        words = f"it could not be evaluated: {joined(lacking or names) or 'nothing'} had no value"
    elif len(judged) < len(found):
        words += f"; of {counted(len(found) - len(judged), 'group')} it could not be evaluated"
    payload = ConditionVerdict(len(judged), len(found) - len(judged))
    return Finding(f"fail on {text}", tuple(names), len(failed), outcome, words, payload=payload)


def _name(group: Group) -> str:
    part, of, where, subject = group
    return " ".join(
        w for w in (of or ", ".join(subject) or "all rows", f"in {part}" if part else "", f"where {where}" if where else "") if w
    )


def _short(x: float | None) -> str:
    return "null" if x is None else f"{x:.4g}"


def section(found: Sequence[Finding[ConditionVerdict]]) -> Section:
    """A line for each condition."""
    shown = Points(tuple(f"{code(f.name)}: {str(f.outcome).lower()}, {f.message}." for f in found))
    return Section("conditions", "Conditions", (shown,), lead=f"{counted(len(found), 'condition')} that must not hold.")


CONDITIONS = ReportSection(ConditionVerdict, section)
