"""Restores values that the step `redact` replaced by tokens or format-preserving values. It needs the key and writes a log entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.data import Column, Dataset, Kind, Schema, select
from tilth.engine.expressions import col
from tilth.engine.python_operation import PythonFunction
from tilth.engine.session import Session
from tilth.engine.statistics import count_of
from tilth.errors import RequestError, unknown
from tilth.flow import Flow
from tilth.protection.log import LOG, note
from tilth.steps.protect.action import EachText, OfText
from tilth.steps.protect.redact import Redact


@dataclass(frozen=True)
class Hidden:
    """A column of hidden values, the function that restores a value, and the id of the key."""

    column: str
    one: OfText
    key_id: str


def revealed(
    data: Dataset, flow: Flow, purpose: str, session: Session, columns: Sequence[str] = (), log: Path = LOG
) -> tuple[Dataset, dict[str, int]]:
    """The table with the values that the `redact` steps of a flow replaced, restored as strings; and the number of values per column.

    `columns` are the columns to reveal, by default all. First, a line with the purpose, the columns, the keys and the numbers of values is
    written to `log`. A fitted flow records which key was used; for other flows the key of the step is used.

    Errors: `RequestError` without a purpose, if the flow hides no column in a reversible way, and, when the table is used, for a token of
    another key, domain or column; those of the key.
    """
    if not purpose.strip():
        raise RequestError(
            "revealing values needs a purpose", hint="give the purpose in a few words; it is recorded in the log", code="no-purpose"
        )
    found = {h.column: h for h in _hidden(flow, session.schema(data))}
    if not found:
        message = f"flow {flow.name!r} hides no column of this table by `token` or `format_preserving`"
        raise RequestError(message, hint="give the flow that made the table, fitted or not", code="nothing-hidden")
    RequestError.reject(unknown(columns, found, "column {} is not one that the flow hides so that it can be revealed", "unknown-column"))
    chosen = [found[c] for c in columns or found]
    needs = {h.column: count_of(col(h.column)) for h in chosen}
    counted = session.answer(data, list(needs.values()))
    values = {c: int(counted[need]) for c, need in needs.items()}
    keys = sorted({h.key_id for h in chosen})
    note(log, "reveal", purpose=purpose, data=str(data.source), flow=flow.name, keys=keys, values=values)
    return data.change({h.column: _function(h).of(col(h.column)) for h in chosen}), values


def _function(hidden: Hidden) -> PythonFunction:
    return PythonFunction(EachText(hidden.one), (Kind.STRING,), Kind.STRING, f"reveal {hidden.column}")


def _hidden(flow: Flow, schema: Schema) -> Iterator[Hidden]:
    """The columns of a table that a flow hides in a reversible way."""
    for _, step in flow.steps():
        if not isinstance(step, Redact) or step.find or not step.action.reversible:
            continue
        for column, learned in _learned(flow, step, schema).items():
            if (out := step.out(column)) in schema:
                _reject_unfit(schema[out])
                yield Hidden(out, step.action.revealing(column, **learned), learned["key_id"])


def _reject_unfit(column: Column) -> None:
    if column.kind is not Kind.STRING:
        message = f"column {column.name!r} is {column.kind}, and what hides values makes strings"
        raise RequestError(message, hint="read it as strings: types: {COLUMN: string}", code="wrong-kind")


def _learned(flow: Flow, step: Redact, schema: Schema) -> dict[str, Any]:
    """Column → what the step learned about it; if the flow is not fitted, what it would learn now."""
    parts = flow.learned.parts.values() if flow.learned else ()
    if found := next((f for part in parts for f in part if f.step == step), None):
        return dict(found.learned)
    named = select(step.columns, schema, flow.reading.roles)
    return {c: step.learn(schema[c]) for c in named}
