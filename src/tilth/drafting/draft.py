"""The written draft: the parts of a flow file, in their order, each guess with the word that it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tilth.drafting.look import look
from tilth.drafting.parts import named_good
from tilth.drafting.rules import rule_lines
from tilth.drafting.seen import FEW, Look
from tilth.drafting.steps import features_lines, left_out, rows_lines, split_lines
from tilth.drafting.traps import traps
from tilth.drafting.words import quoted, remark, value, word, words
from tilth.engine.expressions import col, not_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.flow.flow import Flow
from tilth.flow.running import after_rows, of_part
from tilth.flow.split_checks import TRAIN
from tilth.formats import read


def propose(place: str, shown_place: str, engine: Session, options: Mapping[str, Any]) -> str:
    """The text of a flow for the data in a place. `shown_place` is how the flow shall name it, `options` how to read it.

    Errors: those of reading.
    """
    found = look(place, engine, options)
    text = "\n".join(written(found, shown_place)) + "\n"
    late = _without_training_values(found, text, place, engine)
    if not late:
        return text
    seen = tuple(replace(s, late=s.name in late) for s in found.seen)
    return "\n".join(written(replace(found, seen=seen), shown_place)) + "\n"


def _without_training_values(found: Look, text: str, place: str, engine: Session) -> set[str]:
    """The features without a single value in the training part of the draft's own split, from which nothing could be learned."""
    flow = Flow.parse(text)
    out, by_time = left_out(found), flow.split is not None and flow.split.by in ("time", "ordered")
    rare = [s for s in found.seen if s.missing and s.there and s.name not in out and (s.there < FEW or by_time)]
    if flow.split is None or not rare:
        return set()
    data = read(place, engine=engine, roles=flow.reading.roles, **flow.reading.options)
    whole, _, _ = after_rows(flow, data, engine)
    asked = {s.name: count(not_null(col(s.name))) for s in rare if s.name in whole.names}
    answer = engine.answer(of_part(whole, TRAIN), asked.values())
    return {name for name, statistic in asked.items() if not answer[statistic]}


def written(found: Look, place: str) -> Iterator[str]:
    """The lines of the draft."""
    yield "# A first draft, made from a look at the data. It runs as it is; every guess is yours to change."
    yield "#   tilth run THIS-FILE -o result"
    told = list(traps(found))
    if told:
        yield "#"
        yield "# Traps:"
        yield from (f"# - {remark(trap)}" for trap in told)
    yield ""
    yield from _data(found, place)
    yield from _roles(found)
    yield ""
    yield "check: |"
    yield "  Rules = ["
    yield from (f"      {line}" for line in rule_lines(found))
    yield "  ]"
    yield from rows_lines(found)
    yield from split_lines(found)
    if found.rows:
        yield from features_lines(found)
    yield from _training(found)
    yield ""
    yield "measure: [bias, profile]  # on the raw data, and again after each part" if found.has_bias else "measure: [profile]"


def _data(found: Look, place: str) -> Iterator[str]:
    manner = found.manner
    yield "data:"
    yield f"  read: {word(place)}"
    for name, given in manner.options.items():
        if name != "nulls":
            why = f"  # {manner.reasons[name]}" if name in manner.reasons else ""
            yield f"  {name}: {value(given)}{why}"
    nulls = (*found.nulls, *manner.options.get("nulls", ()))
    if nulls:
        yield f"  nulls: [{', '.join(quoted(n) for n in nulls)}]  # texts that stand for nothing"


def _roles(found: Look) -> Iterator[str]:
    roles, lines = found.roles, []
    if found.key:
        sure = "every row has its own" if found.key.unique else "a guess: nearly every row has its own"
        lines.append(f"id: {word(found.key.name)}  # {sure}")
    if roles.label:
        lines.append(f"label: {word(roles.label)}  # a guess: what shall be predicted?")
        lines += [f"positive: {value(v)}  # {_why_positive(roles.label, v, found.has_bias)}" for v in roles.positive]
    if roles.time:
        lines.append(f"time: {word(roles.time)}")
    if roles.facet:
        lines.append(f"facet: {words(roles.facet)}  # against which bias is measured")
    if roles.text:
        lines.append(f"text: {words(roles.text)}  # free text")
    if roles.private:
        lines.append(f"private: {words(roles.private)}  # masked wherever values are shown")
    if lines:
        yield "  roles:"
        yield from (f"    {line}" for line in lines)


def _why_positive(label: str, positive: Any, has_bias: bool) -> str:
    if named_good(label, positive):
        return "a guess: the good outcome"
    rarer = "a guess: the rarer value, which is usually the one that is looked for"
    return f"{rarer}; for bias say which outcome is the good one" if has_bias else rarer


def _training(found: Look) -> Iterator[str]:
    if found.unbalanced:
        yield ""
        yield "# training:  # the training part only. The label is unbalanced; this would give its values equal weight:"
        yield "#   - balance: {with: weights}"
