"""Redaction during an export: rows pass through `redact` steps as they are read, so that the hidden values never reach a disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tilth.data import Dataset, Memory, Roles
from tilth.engine.arrow import schema_of
from tilth.engine.chosen import session_of
from tilth.engine.session import Session, everything
from tilth.errors import Mistake, RequestError
from tilth.flow.parameters import model_of, written
from tilth.steps.fitting import fit
from tilth.steps.protect.redact import Redact
from tilth.store.protection import in_force
from tilth.validation import validated


class Redaction:
    """Fitted `redact` steps for the columns of a query. They learn from the schema only, not from rows.

    Errors: `RequestError` for wrong steps, for missing columns, and for a key that cannot be used.
    """

    def __init__(self, given: Sequence[Mapping[str, Any]], source: pa.Schema) -> None:
        schema, empty = schema_of(source), source.empty_table()
        with session_of("duckdb", None, "redact") as session:
            steps, made = fit(steps_of(given), _dataset(empty), session)
            found = _rows(made, session).schema
        RequestError.reject(f"{f.step} names no column of the query" for f in steps if not f.learned)
        self._steps = tuple(steps)
        touched = {name for f in steps for name in f.step.touches(schema, Roles()) or ()}
        self._read = [name for name in source.names if name in touched]
        same = [name for name in found.names if name in source.names and name not in touched]
        self.schema = pa.schema([source.field(name) if name in same else found.field(name) for name in found.names])
        self.given = [{**g, **_key_of(f.learned)} for g, f in zip(given, steps, strict=True)]
        """The steps as given, with the ids of their keys, so that a continued export makes the same pseudonyms."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Redact the rows of batches."""
        for batch in batches:
            table = pa.table(batch)
            data = _dataset(table.select(self._read))
            for step in self._steps:
                data = step.apply(data)
            with session_of("duckdb", None, "redact") as session:  # one per batch, because a session keeps the tables that it scanned
                made = _rows(data, session)
            columns = [(made if name in made.column_names else table)[name] for name in self.schema.names]
            yield from pa.table(columns, names=self.schema.names).cast(self.schema).combine_chunks().to_batches()


def steps_of(given: Sequence[Mapping[str, Any]]) -> list[Redact]:
    """The `redact` steps of a plan, from the parameters of each. A step without `key` uses the key in force.

    Errors: `RequestError` with every mistake, and for methods that need more than one row.
    """
    held, made = in_force(), list[Redact]()
    for parameters in given:
        model = validated(model_of(Redact), parameters)
        step = Redact(**{f.name: getattr(model, f.name) for f in written(Redact)})
        made.append(step.under_key(held.key.reference if held else "", "."))
    wrong = [mistake for step in made for mistake in step.refused(Roles())]
    hint = "use it in a flow, after the export"
    wrong += [Mistake(f"redact: {s.with_} needs all rows", hint=hint, code="wrong-part") for s in made if "features" not in s.parts]
    RequestError.reject(wrong)
    return made


def _dataset(table: pa.Table) -> Dataset:
    return Dataset(Memory(table, tuple(table.column_names)))


def _rows(data: Dataset, session: Session) -> pa.Table:
    return session.table(session.query(data, everything()))


def _key_of(learned: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return next(({"key_id": state["key_id"]} for state in learned.values() if "key_id" in state), {})
