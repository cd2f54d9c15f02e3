"""The written draft: the parts of a flow file, in their order, each guess with the word that it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tilth.engine.engine import Engine
from tilth.flow.proposal.look import look
from tilth.flow.proposal.rules import rule_lines
from tilth.flow.proposal.seen import Look
from tilth.flow.proposal.steps import features_lines, rows_lines, split_lines
from tilth.flow.proposal.traps import traps
from tilth.flow.proposal.words import quoted, remark, value, word, words


def propose(place: str, shown_place: str, engine: Engine, options: Mapping[str, Any]) -> str:
    """The text of a flow for the data in a place. `shown_place` is how the flow shall name it, `options` how to read it.

    Errors: those of reading.
    """
    return "\n".join(written(look(place, engine, options), shown_place)) + "\n"


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
        lines += [f"positive: {value(v)}  # a guess: the good outcome" for v in roles.positive]
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


def _training(found: Look) -> Iterator[str]:
    if found.unbalanced:
        yield ""
        yield "# training:  # the training part only. The label is unbalanced; this would give its values equal weight:"
        yield "#   - balance: {with: weights}"
