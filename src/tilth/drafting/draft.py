"""Writes the draft: the parts of a flow file in order, with every guess marked as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tilth.drafting.guesses import names_favourable
from tilth.drafting.inspection import inspect
from tilth.drafting.pitfalls import pitfalls
from tilth.drafting.rules import rule_lines
from tilth.drafting.steps import features_lines, left_out, rows_lines, split_lines
from tilth.drafting.summary import FEW, TableSummary
from tilth.drafting.writing import comment_text, quoted, yaml_string, yaml_value
from tilth.engine.expressions import col, not_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.flow.flow import Flow
from tilth.flow.running import after_rows, of_part
from tilth.flow.split_checks import TRAIN
from tilth.formats import read


def propose(place: str, shown_place: str, engine: Session, options: Mapping[str, Any]) -> str:
    """Draft the YAML of a flow for the data in a place. `shown_place` is its name in the flow, `options` are those of reading.

    Errors: those of reading.
    """
    table = inspect(place, engine, options)
    text = "\n".join(written(table, shown_place)) + "\n"
    late = _without_training_values(table, text, place, engine)
    if not late:
        return text
    seen = tuple(replace(s, untrainable=s.name in late) for s in table.seen)
    return "\n".join(written(replace(table, seen=seen), shown_place)) + "\n"


def _without_training_values(table: TableSummary, text: str, place: str, engine: Session) -> set[str]:
    """The features without any value in the training part of the drafted split, so that nothing can be learned from them."""
    flow = Flow.parse(text)
    out, by_time = left_out(table), flow.split is not None and flow.split.by in ("time", "ordered")
    sparse = [s for s in table.seen if s.missing and s.present and s.name not in out and (s.present < FEW or by_time)]
    if flow.split is None or not sparse:
        return set()
    data = read(place, engine=engine, roles=flow.reading.roles, **flow.reading.options)
    whole, _, _ = after_rows(flow, data, engine)
    statistics = {s.name: count(not_null(col(s.name))) for s in sparse if s.name in whole.names}
    answer = engine.answer(of_part(whole, TRAIN), statistics.values())
    return {name for name, statistic in statistics.items() if not answer[statistic]}


def written(table: TableSummary, place: str) -> Iterator[str]:
    """The lines of the draft."""
    yield "# A first draft, made by inspecting the data. It runs as it is; check every guess."
    yield "#   tilth run THIS-FILE -o result"
    warnings = list(pitfalls(table))
    if warnings:
        yield "#"
        yield "# Pitfalls:"
        yield from (f"# - {comment_text(pitfall)}" for pitfall in warnings)
    yield ""
    yield from _data(table, place)
    yield from _roles(table)
    yield ""
    yield "check: |"
    yield "  Rules = ["
    yield from (f"      {line}" for line in rule_lines(table))
    yield "  ]"
    yield from rows_lines(table)
    yield from split_lines(table)
    if table.rows:
        yield from features_lines(table)
    yield from _training(table)
    yield ""
    yield "measure: [bias, profile]  # on the raw data, and again after each part" if table.has_bias else "measure: [profile]"


def _data(table: TableSummary, place: str) -> Iterator[str]:
    reading = table.reading
    yield "data:"
    yield f"  read: {yaml_string(place)}"
    for name, given in reading.options.items():
        if name != "nulls":
            why = f"  # {reading.reasons[name]}" if name in reading.reasons else ""
            yield f"  {name}: {yaml_value(given)}{why}"
    nulls = (*table.nulls, *reading.options.get("nulls", ()))
    if nulls:
        yield f"  nulls: [{', '.join(quoted(n) for n in nulls)}]  # strings to read as null"


def _roles(table: TableSummary) -> Iterator[str]:
    roles, key = table.roles, table.key
    lines = [
        ("id", key and key.name, "unique" if key and key.unique else "a guess: nearly unique"),
        ("label", roles.label, "a guess: what should be predicted?"),
        *(("positive", v, _why_positive(roles.label or "", v, table.has_bias)) for v in roles.positive),
        ("time", roles.time, ""),
        ("facet", roles.facet, "bias is measured against these"),
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
