"""Prepares many rows of CSV or JSON Lines as columns, with an engine: the same result as the row function, in less time."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tilth.data import Change, Column, Dataset, Kind, Memory, Schema
from tilth.engine.arrow import as_numpy
from tilth.engine.chosen import session_of
from tilth.engine.expressions import and_, col, if_else, is_null, lit, not_, not_null, or_
from tilth.engine.row import pruned
from tilth.engine.session import everything
from tilth.errors import TilthError
from tilth.formats.decode import CASTS, decode_served, is_token
from tilth.serve.bodies.rows import BY_LINE, CSV, RowsInColumns
from tilth.serve.bodies.text import table_of_csv, table_of_lines
from tilth.serve.media import MediaType
from tilth.serve.stages import ROW, Preparation
from tilth.steps.fitting import applied

MANY = 2_000  # rows; preparing fewer one by one takes less time than planning a query
UNREADABLE = "\x1funreadable"  # whether a value of the row cannot be read as its column's kind


def prepared(stage: Preparation, body: bytes, kind: MediaType) -> RowsInColumns | None:
    """The rows of a body of CSV or JSON Lines, prepared by an engine.

    None if the row function has to prepare them: there are few; a row is refused, which only the row function names; Arrow, or the
    engine, could read or give other values; or the body has another type.
    """
    if not stage.quick or body.count(b"\n") < MANY or kind.name not in BY_LINE:
        return None
    given = table_of_csv(body, kind, stage.takes) if kind.name == CSV else table_of_lines(body, kind, _kinds(stage))
    data = None if given is None else _prepared(stage, given)
    if data is None:
        return None
    try:
        with session_of(None, data, "prepare rows") as session:
            made = session.batches(session.query(data, everything())).read_all().sort_by(ROW)
    except TilthError:
        return None
    if UNREADABLE in data.names and any(chunk.true_count for chunk in made[UNREADABLE].chunks):
        return None
    made = made.select(list(_wanted(stage)))
    if not all(map(_same_in_python, made.schema.types)):
        return None
    return RowsInColumns({name: _listed(made[name]) for name in made.column_names})


def _wanted(stage: Preparation) -> tuple[str, ...]:
    return stage.gives if stage.wanted is None else stage.wanted


def _kinds(stage: Preparation) -> dict[str, Kind]:
    """The columns that a stage reads."""
    return {c.name: c.kind for c in stage.flow.need_learned().schema if c.name in stage.reads}


def _prepared(stage: Preparation, given: pa.Table) -> Dataset | None:
    """The columns that the row function makes, `ROW` and, unless unreadable values are null, `UNREADABLE`. None as in `prepared`."""
    learned, reading, kinds = stage.flow.need_learned(), stage.flow.reading, _kinds(stage)
    layers = applied(learned.served, Dataset(Memory(None, learned.schema.names), reading.roles)).layers
    steps = [layer for layer in layers if isinstance(layer, Change)]
    if not kinds or not CASTS.keys() >= {*kinds.values()} or not kinds.keys() <= {*given.column_names} or len(steps) < len(layers):
        return None
    strings = Schema(tuple(Column(n, kind) for n, kind in kinds.items() if pa.types.is_string(given.schema.field(n).type)))
    decode = dict(decode_served(strings, reading.nulls, learned.strings).columns)
    wanted = (*_wanted(stage), ROW)
    if reading.max_invalid < 1:
        tokens = ("", *reading.nulls)
        lost = {c.name: and_(not_null(col(c.name)), is_null(CASTS[c.kind].of(col(c.name)))) for c in strings if c.kind is not Kind.STRING}
        decode[UNREADABLE] = or_(*(if_else(is_lost, not_(is_token(col(n), tokens)), lit(False)) for n, is_lost in lost.items()))
        wanted = (*wanted, UNREADABLE)
    numbered = given.select(list(kinds)).append_column(ROW, pa.array(range(len(given))))
    read = Change(tuple(decode.items()), decode=True)
    return Dataset(Memory(numbered, tuple(numbered.column_names)), reading.roles, (read, *pruned(steps, wanted)[0])).keep(wanted)


def _same_in_python(kind: pa.DataType) -> bool:
    """Whether values of a type are in Python what the row function gives."""
    return kind in (pa.int64(), pa.int32(), pa.float64(), pa.bool_(), pa.string())


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column. By way of numpy, numbers take a tenth of the time."""
    found: list[Any] = column.to_pylist() if column.null_count or pa.types.is_string(column.type) else as_numpy(column).tolist()
    return found
