"""Serving single rows: the columns that a flow needs, rejecting features that depend on `rows`, and errors for a row."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from tilth.data import Change, Dataset, Memory, Roles, Schema
from tilth.engine.row import pruned, row_function
from tilth.errors import ColumnError, Mistake, RequestError, listed
from tilth.formats import decode_served, lacking, unfit
from tilth.steps.fitting import applied
from tilth.steps.step import Fitted


def row_of(
    schema: Schema,
    steps: Sequence[Fitted],
    roles: Roles,
    nulls: Sequence[str],
    empty_is_null: bool,
    strict: bool = False,
    wanted: Sequence[str] | None = None,
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """The function that prepares one row, given as it would be read; with `wanted`, only these columns of the result.

    It raises `KeyError` for a missing column that the steps need; if `strict`, `ValueError` for a value that cannot be read as its column's
    kind.
    """
    decode = decode_served(used_columns(schema, steps), nulls, empty_is_null=empty_is_null, strict=strict)
    made = applied(steps, Dataset(Memory(None, schema.names), roles, (decode,)))
    layers = [layer for layer in made.layers if isinstance(layer, Change)]
    return row_function(layers, schema.names, needed_columns(schema, steps), wanted)


def read_for(schema: Schema, steps: Iterable[Fitted], wanted: Iterable[str]) -> frozenset[str]:
    """The input columns from which the fitted steps compute the wanted columns."""
    layers = applied(steps, Dataset(Memory(None, schema.names))).layers
    return pruned([layer for layer in layers if isinstance(layer, Change)], wanted)[1] & frozenset(schema.names)


def origins(steps: Sequence[Fitted]) -> dict[str, frozenset[str]]:
    """Column → the input columns from which fitted steps compute it. Unchanged columns have no entry."""
    found: dict[str, frozenset[str]] = {}
    for layer in applied(steps, Dataset(Memory(None, steps[0].schema.names))).layers if steps else ():
        if isinstance(layer, Change):
            made = {name: layer.sources[name] for name, tree in layer.columns if tree is not None}
            found |= {name: frozenset[str]().union(*(found.get(c, {c}) for c in sources)) for name, sources in made.items()}
    return found


def needed_columns(schema: Schema, steps: Iterable[Fitted]) -> frozenset[str]:
    """The input columns that the fitted steps need."""
    return read_by(steps) & frozenset(schema.names)


def used_columns(schema: Schema, steps: Sequence[Fitted]) -> Schema:
    """The input columns that the fitted steps read or keep. A column that they drop unread may be of any kind."""
    used = needed_columns(schema, steps).union(applied(steps, Dataset(Memory(None, schema.names))).names)
    return Schema(tuple(c for c in schema if c.name in used))


def read_by(features: Iterable[Fitted]) -> frozenset[str]:
    """The columns that features read, without those that an earlier feature makes."""
    needed, made = set[str](), set[str]()
    for fitted in features:
        reads, makes = fitted.reads_and_makes
        needed |= reads - made
        made |= makes
    return frozenset(needed)


def made_by(fitted: Fitted) -> frozenset[str]:
    """The columns that a step makes or changes."""
    return fitted.reads_and_makes[1]


def served_from(rows: Sequence[Fitted], read: Schema, features: Schema) -> tuple[Schema, Sequence[Fitted]]:
    """The schema of served rows, and the steps of `rows` that are not applied to them.

    It is the schema of the table as read (`read`), or of the result of the last step that replaces the rows, such as `aggregate`, which
    cannot be applied to a single row. `features` is the schema after all steps.
    """
    after = next((len(rows) - i for i, fitted in enumerate(reversed(rows)) if fitted.step.makes_rows), None)
    if after is None:
        return read, rows
    return (rows[after].schema if after < len(rows) else features), rows[after:]


def reject_unserved(rows: Iterable[Fitted], features: Iterable[Fitted]) -> None:
    """Reject features that read a column that a step of `rows` makes or changes: served rows do not go through it.

    Errors: `RequestError` with every such step.
    """
    needed = read_by(features)
    RequestError.reject(
        Mistake(
            f"features read {listed(sorted(names))}, which `{fitted.step.name}` of `rows` makes or changes; `rows` are never served",
            hint=f"move `{fitted.step.name}` to `features`",
            code="not-served",
        )
        for fitted in rows
        if (names := made_by(fitted) & needed)
    )


def row_error(schema: Schema, needed: Container[str], row: Any, error: Exception, nulls: Sequence[str], strict: bool) -> Exception:
    """The error for a row that could not be prepared. It names all missing columns and all invalid values.

    `error` is the exception that the row function raised. The reason is searched only then, so a valid row costs nothing.
    """
    if not hasattr(row, "get"):
        kind = type(row).__name__
        return RequestError(f"a value of type {kind} is not a row", accepted='a mapping: {"column": value, …}', code="no-row")
    mistakes = row_mistakes(schema, needed, row, nulls, strict)
    if isinstance(error, KeyError):
        missing = [m for column, m in mistakes if column not in row.keys()]  # noqa: SIM118 -- of a pandas row too
        return ColumnError(*missing) if missing else error
    reason = "a number is larger than can be computed with" if isinstance(error, OverflowError) else "a value does not fit"
    return RequestError(*([m for _, m in mistakes] or [Mistake(f"the row cannot be prepared: {reason}", code="bad-row")]))


def row_mistakes(
    schema: Schema, needed: Container[str], row: Any, nulls: Sequence[str] = (), strict: bool = False
) -> list[tuple[str, Mistake]]:
    """Column → mistake in a row: the column is needed and missing, or its value does not fit. No mistake shows a value."""
    given = [str(name) for name in row.keys()]  # noqa: SIM118 -- of a pandas row too
    asked = [n for n in schema.names if n in needed and n not in given]
    missing = list(zip(asked, lacking(asked, given), strict=True))
    return missing + [(c.name, m) for c in schema if (m := unfit(c, row.get(c.name), nulls, strict))]
