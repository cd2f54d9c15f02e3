"""Writes the draft: the parts of a flow file in order, with every guess marked as one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tilth.drafting.guesses import names_favourable
from tilth.drafting.inspection import inspect
from tilth.drafting.pitfalls import pitfalls
from tilth.drafting.reading import ReadOptions
from tilth.drafting.rules import rule_lines
from tilth.drafting.steps import features_lines, left_out, rows_lines, split_lines
from tilth.drafting.summary import FEW, ColumnSummary, TableSummary
from tilth.drafting.summary import TRAIN as TRAINED
from tilth.engine.chosen import AnyEngine, session_of
from tilth.engine.expressions import col, not_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.flow.flow import Flow
from tilth.flow.reading import flow_table
from tilth.flow.running import after_rows, of_part
from tilth.flow.split_checks import TRAIN
from tilth.rules.findings import BASELINE
from tilth.store.places import write_text
from tilth.yaml import comment_text, quoted, yaml_string, yaml_value


@dataclass(frozen=True, repr=False)
class Draft:
    """The draft of a flow: its text, and what was found out about the table. `place` is where the data is, if it is not in memory."""

    table: TableSummary
    place: str | None = None

    def __str__(self) -> str:
        return self.text(self.place)

    __repr__ = __str__

    def text(self, place: str | None = None) -> str:
        """The YAML of the flow. `place` is the data's name in it, as seen from the flow's folder; without one it reads nothing."""
        return "\n".join(_written(self.table, place)) + "\n"

    @property
    def flow(self) -> Flow:
        """The flow, to be run here."""
        return Flow.parse(str(self))

    def save(self, path: str | Path) -> Path:
        """Write the flow to a file, which names the data as seen from there."""
        beside = self.place and (self.place if "://" in self.place else os.path.relpath(self.place, Path(path).parent))
        return write_text(path, self.text(beside))


def init(data: Any, *, label: str | None = None, engine: AnyEngine = None, **options: Any) -> Draft:
    """Draft a flow for data: roles, rules and steps are proposed from names and values, each with its reason, and pitfalls are listed.

    `data` is anything that `read` accepts, with its `options`. `label` is the column to predict; by default it is guessed, and if no column
    is convincing, the draft asks for it. Values of columns that look private are not shown. `str(draft)` is the text of the flow file,
    `draft.save("flow.yaml")` writes it, `draft.flow` is the flow.

    Errors: those of reading; `ColumnError` for a label that is not a column.

    >>> import pyarrow as pa
    >>> table = pa.table({"fee": ["$1,099.50", "$12.00", "$7.25"] * 9, "left": ["yes", *["no", "yes"] * 13]})
    >>> draft = init(table)
    >>> print(*(line.strip() for line in str(draft).splitlines() if "parse" in line or "label:" in line), sep="\\n")
    label: left  # a guess: its name is that of an outcome; 2 values; the last column
    - parse: {columns: fee, as: number}  # all 27 values are numbers with a currency sign and marks of thousands
    """
    with session_of(engine, data, "init") as session:
        table = inspect(data, session, options, label)
        draft = Draft(table, str(data) if isinstance(data, str | Path) else None)
        late = _without_training_values(draft, data, session)
        if not late:
            return draft
        seen = tuple(replace(s, untrainable=s.name in late) for s in table.seen)
        return replace(draft, table=replace(table, seen=seen))


def _without_training_values(draft: Draft, data: Any, engine: Session) -> set[str]:
    """The features without any value in the training part of the drafted split, so that nothing can be learned from them."""
    table, out = draft.table, left_out(draft.table)
    sparse = [s for s in table.seen if s.missing and s.present and s.name not in out and _may_lack_training_values(s, table)]
    if not sparse or not table.divisible:
        return set()
    flow = Flow.parse(draft.text())
    whole, *_ = after_rows(flow, flow_table(flow, data, engine), engine)
    statistics = {s.name: count(not_null(col(s.name))) for s in sparse if s.name in whole.names}
    answer = engine.answer(of_part(whole, TRAIN), statistics.values())
    return {name for name, statistic in statistics.items() if not answer[statistic]}


def _may_lack_training_values(s: ColumnSummary, table: TableSummary) -> bool:
    """Whether a column may be entirely null in the training part: it has few values, or in a split by time, many missing ones.

    Splitting a large table to find out would be costly, so the number of missing values is compared with the size of a test part.
    """
    label = table.of(table.roles.label) if table.roles.label else None
    dropped = (label.missing if label else 0) + (table.rows - table.key.distinct if table.key else 0)
    return s.present < FEW or (table.by_time and s.missing >= (1 - TRAINED) * (table.rows - dropped))


def _written(table: TableSummary, place: str | None) -> Iterator[str]:
    """The lines of the draft."""
    yield "# A first draft, made by inspecting the data. It runs as it is; check every guess."
    yield "#   tilth run THIS-FILE -o result"
    yield from (f"# {comment_text(line)}" for line in _seen(table))
    warnings = list(pitfalls(table))
    if warnings:
        yield "#"
        yield "# Pitfalls:"
        yield from (f"# - {comment_text(pitfall)}" for pitfall in warnings)
    yield ""
    yield from _data(table, place)
    yield from _roles(table)
    yield ""
    yield "check: |  # a baseline: what holds for this data; keep what must hold for all data, without the label"
    yield f'  DefaultLabels = [ "{BASELINE}"="draft" ]'
    yield "  Rules = ["
    yield from (f"      {line}" for line in rule_lines(table.as_read, table.roles.id))
    yield "  ]"
    yield from rows_lines(table)
    yield from split_lines(table)
    if table.rows:
        yield from features_lines(table)
    yield from _training(table)
    yield ""
    yield "measure: [bias, profile]  # on the raw data, and again after each part" if table.has_bias else "measure: [profile]"


def _seen(table: TableSummary) -> Iterator[str]:
    """What was examined, and a question for the label if it is unknown."""
    if not table.roles.label:
        yield "No column is surely the one to be predicted. Name it as the label under roles, or draft again with --label NAME."
        for name, why in table.candidates.items():
            yield f"{name} may be it ({why}), and is not a feature until you decide."
    if table.sampled < table.rows:
        yield f"Seen: {table.rows:,} rows, the first {table.sampled:,} value by value. Counts and ranges are of all rows."


def _data(table: TableSummary, place: str | None) -> Iterator[str]:
    reading = table.reading
    lines = [f"read: {yaml_string(place)}"] if place is not None else []
    lines += [f"{name}: {yaml_value(given)}{_why(name, reading)}" for name, given in reading.options.items() if name != "nulls"]
    nulls = (*table.nulls, *reading.options.get("nulls", ()))
    if nulls:
        lines.append(f"nulls: [{', '.join(quoted(n) for n in nulls)}]  # strings to read as null")
    if lines or any(table.roles.named()):
        yield "data:"
        yield from (f"  {line}" for line in lines)


def _why(option: str, reading: ReadOptions) -> str:
    """The reason of an option that was detected, as a comment; the long list of names says it once."""
    return f"  # {reading.reasons[option]}" if option in reading.reasons and option != "names" else ""


def _roles(table: TableSummary) -> Iterator[str]:
    roles, key = table.roles, table.key
    guess = table.because if table.because == "named by you" else f"a guess: {table.because}"
    lines = [
        ("id", key and key.name, "unique" if key and key.unique else "a guess: nearly unique"),
        ("label", roles.label, guess),
        *(("positive", v, _why_positive(roles.label or "", v, table.has_bias)) for v in roles.positive),
        ("time", roles.time, ""),
        ("facet", roles.facet, "protected attributes by name or values: bias is measured against them, and they are features"),
        ("text", roles.text, "free text"),
        ("private", roles.private, "masked wherever values are shown"),
    ]
    if any(roles.named()):
        yield "  roles:"
    for role, value, why in lines:
        if value not in (None, ()):
            yield f"    {role}: {yaml_value(value)}" + (f"  # {why}" if why else "")


def _why_positive(label: str, positive: Any, has_bias: bool) -> str:
    if names_favourable(label, positive):
        return "a guess: the favourable label"
    rarer = "a guess: the rarer value, which is usually the one of interest"
    return f"{rarer}; for bias, set the favourable label" if has_bias else rarer


def _training(table: TableSummary) -> Iterator[str]:
    if table.unbalanced:
        yield ""
        yield "# training:  # the training part only. The label is unbalanced; this would give its values equal weight:"
        yield "#   - balance: {with: weights}"
