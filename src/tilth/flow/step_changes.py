"""What each step learned and changed: the findings of a run, and the section that shows them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tilth.data import Dataset, mask
from tilth.engine.expressions import col
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.flow.parts import BY_NAME
from tilth.report import Finding, Payload, Warned, warning
from tilth.report.blocks import Block, Cell, Fold, Section, Words, code, counted, shown, table, value_with_interval
from tilth.report.charts import number
from tilth.report.sections import ReportSection
from tilth.steps.step import Fitted, Step

LEARNED = "Steps that change every row learned from the training part only, so the other parts remain a fair test."
NAMES_COLUMNS = ("columns", "key", "content", "order", "ties")  # learned by steps of whole rows: names of columns, no values
MAGNITUDES = "sizes"  # learned so that sums are exact on every engine; not shown to readers
MOST_COLUMNS, MOST_VALUES = 60, 12


@dataclass(frozen=True)
class StepChanges(Payload):
    """What a step did: `step` as requested, `learned` column → name → value, rows in and out, and column → reason → cells changed."""

    KIND: ClassVar[str] = "step"
    step: str = ""
    learned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows_in: int | None = None
    rows_out: int | None = None
    cells_changed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def step_finding(done: Fitted, part: str, private: Collection[str] = (), **changes: Any) -> Finding[StepChanges]:
    """The finding of a fitted step: what it learned, masked for private columns, and further fields of `StepChanges`."""
    learned = {c: _masked(c, state, private) for c, state in done.step.shown(done.learned).items()}
    return Finding(done.step.name, tuple(c for c in learned if c), part=part, payload=StepChanges(str(done.step), learned, **changes))


def _masked(column: str, state: Mapping[str, Any], private: Collection[str]) -> Mapping[str, Any]:
    """What was learned from a column or from several `columns`; masked if one of these is private."""
    if {column, *state.get("columns", ())}.isdisjoint(private):
        return state
    return {name: v if name in NAMES_COLUMNS else mask(v) for name, v in state.items()}


def private_warning(steps: Sequence[Fitted], private: Collection[str]) -> list[Finding[Warned]]:
    """Warn if fitted steps contain values that were learned from private columns; they are saved without masking."""
    held = {c: list(state) for f in steps if f.step.learns for c, state in f.learned.items() if c in private and state}
    if not held:
        return []
    listing = "; ".join(f"{c}: {', '.join(names)}" for c, names in held.items())
    message = f"the fitted flow holds values learned from private columns ({listing}); drop these columns if it is to be shared"
    return [warning("PRIVATE_VALUES", message, tuple(held))]


def uncorrected_warning(steps: Iterable[Step]) -> list[Finding[Warned]]:
    """Warn if steps balance classes and no step corrects the probabilities of a model that learns from them."""
    steps = list(steps)
    shifting = [step for step in steps if step.shifts]
    if not shifting or any(step.corrects for step in steps):
        return []
    trained = "" if shifting[-1].even else ", trained: {CLASS: ROWS, …}"
    message = (
        f"after `{shifting[-1]}`, a model's probabilities reflect the balanced classes, not those of the data. Ranking is not affected, "
        f"but thresholds and expected costs need `output: [prior: {{columns: SCORE{trained}}}]`"
    )
    return [warning("BALANCED_PROBABILITIES", message)]


def changed_cells(features: Sequence[Fitted], data: Dataset, engine: Session) -> list[dict[str, dict[str, int]]]:
    """For each step: column → reason → number of changed cells.

    One scan for all steps: each reason is computed into a temporary column before its step.
    """
    noted: dict[tuple[int, str, str], str] = {}
    for i, f in enumerate(features):
        reasons = {(i, column, reason): tree for (column, reason), tree in f.reasons().items()}
        names = {where: f"\x1freason{len(noted) + k}" for k, where in enumerate(reasons)}
        data = f.apply(data.change({names[where]: tree for where, tree in reasons.items()}))
        noted |= names
    cells: list[dict[str, dict[str, int]]] = [{} for _ in features]
    if noted:
        asked = {where: count(col(name)) for where, name in noted.items()}
        answer = engine.answer(data, asked.values())
        for (i, column, reason), statistic in asked.items():
            cells[i].setdefault(column, {})[reason] = answer[statistic]
    return cells


# ── the section ──


def steps(findings: Sequence[Finding[StepChanges]]) -> Section:
    """All steps in one table, then one fold for each step with details."""
    blocks: list[Block] = [Words(LEARNED)] if any(f.part == "features" for f in findings) else []
    blocks.append(_overview(findings))
    for k, f in enumerate(findings, 1):
        more = [block for block in (_changed(f.payload), _learned(f.payload)) if block]
        if more:
            blocks.append(Fold(f"{k}. {_step(f)}", tuple(more)))
    return Section("steps", "What preparation did", tuple(blocks), lead=_lead(findings))


def _step(finding: Finding[StepChanges]) -> str:
    """A step as it was written, on one line."""
    return code(re.sub(r"(\\n|\s)\s*", " ", finding.payload.step or finding.name), 200)


def _lead(findings: Sequence[Finding[StepChanges]]) -> str:
    """The number of steps and of the cells that they changed; without any, the rows before and after, or the names of the steps."""
    cells = sum(n for f in findings for reasons in f.payload.cells_changed.values() for n in reasons.values())
    steps = counted(len(findings), "step")
    sizes = [n for f in findings if f.part == "rows" for n in (f.payload.rows_in, f.payload.rows_out) if n is not None]
    if cells:
        return f"{steps} changed {counted(cells, 'cell')}."
    if sizes and sizes[0] != sizes[-1]:
        return f"{steps} made {counted(sizes[-1], 'row')} of {number(sizes[0])}."
    return f"{steps}: {', '.join(dict.fromkeys(f.name for f in findings))}."


def _overview(findings: Sequence[Finding[StepChanges]]) -> Block:
    heads = ("", "step", "changes", "rows before", "rows after", "cells changed")
    rows = []
    for k, f in enumerate(findings, 1):
        changes = BY_NAME[f.part].changes if f.part in BY_NAME else f.part
        sizes = ("" if n is None else number(n) for n in (f.payload.rows_in, f.payload.rows_out))
        rows.append((str(k), _step(f), changes, *sizes, _reasons(f.payload)))
    return table("The steps in their order", heads, rows, ("rows before", "rows after"))


def _reasons(payload: StepChanges) -> str:
    """Reason → cells changed, over all columns; the largest first."""
    total: dict[str, int] = {}
    for reasons in payload.cells_changed.values():
        for reason, n in reasons.items():
            total[reason] = total.get(reason, 0) + n
    counts = "; ".join(f"{reason}: {number(n)}" for reason, n in sorted(total.items(), key=lambda known: -known[1]) if n)
    return counts or ("none" if payload.cells_changed else "")


def _changed(payload: StepChanges) -> Block | None:
    rows = [(code(c), reason, number(n)) for c, reasons in payload.cells_changed.items() for reason, n in reasons.items() if n]
    return table("Cells changed", ("column", "reason", "cells"), rows, ["cells"]) if rows else None


def _learned(payload: StepChanges) -> Block | None:
    """What a step learned, as a table with a row per column. A step of the whole table has one row."""
    told = {c: {name: v for name, v in state.items() if _tells(name, v)} for c, state in payload.learned.items()}
    known = {c: state for c, state in told.items() if state}
    if not known:
        return None
    names = list(dict.fromkeys(name for state in known.values() for name in state))
    rows = [
        (code(c) if c else "the table", *(_learned_value(state.get(name)) if name in state else Cell() for name in names))
        for c, state in list(known.items())[:MOST_COLUMNS]
    ]
    learned = table("What it learned", ("column", *(n for n in names)), rows)
    if len(known) <= MOST_COLUMNS:
        return learned
    return Section("", "", (learned, Words(f"… and {counted(len(known) - MOST_COLUMNS, 'more column')}.")))


def _tells(name: str, value: Any) -> bool:
    """Whether a learned value is worth showing; null and empty values are not."""
    return name != MAGNITUDES and value is not None and not (isinstance(value, list | tuple | dict | str) and not value)


def _learned_value(value: Any) -> Cell:
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, list | tuple):
        values = ", ".join(shown(v, 30) for v in value[:MOST_VALUES])
        return Cell(f"{number(len(value))}: {code(values, 400)}" + (" …" if len(value) > MOST_VALUES else ""))
    return Cell(value_with_interval(value) if isinstance(value, int | float) else code(shown(value, 200)))


STEPS = ReportSection(StepChanges, steps)
