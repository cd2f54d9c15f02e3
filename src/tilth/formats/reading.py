"""`read`: a dataset from files or from a table in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.data import Dataset, Files, Kind, Roles, Source, refuse_twins
from tilth.engine.engine import Engine
from tilth.errors import ColumnError, Mistake, RequestError, did_you_mean, listed
from tilth.formats.door import CASTS, door_of_texts, door_of_values
from tilth.formats.format import Format, by_name, recognised, refuse_unknown
from tilth.formats.guess import decided


def read(
    source: Any,
    *,
    engine: Engine,
    roles: Roles | Mapping[str, Any] | None = None,
    nulls: Sequence[str] | str = (),
    names: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002 -- the flow file's own word
    types: Mapping[str, Kind | str] | None = None,
    **options: Any,
) -> Dataset:
    """A dataset from a file, a folder, a pattern, a list of them, or a table of Arrow, pandas, Polars, DuckDB or Spark.

    `nulls` are texts that stand for nothing (`"?"`, `"N/A"`), compared as whole values, without blanks around them and without
    regard to upper and lower case. `names` name the columns anew. `format` is found by the file's ending or the table's type
    where it is not given, and `options` are its own. `types` says what kind a column of texts is (`{"zip": "text"}`): a text that
    is not of that kind becomes null; the other columns' kinds are decided over all rows.

    NaN becomes null in every float column. Errors: `SourceError` for what cannot be read, `ColumnError` for roles and types of
    columns that are not there and for names that cannot be told apart.

    >>> import pyarrow as pa
    >>> from tilth.engine.duckdb import DuckDB
    >>> read(pa.table({"age": [39.0, float("nan")]}), engine=DuckDB())
    Dataset(table in memory (2 rows): 1 columns, 1 layers)
    """
    form = by_name(format) if format else recognised(source)
    refuse_unknown(form, options, form.options)
    given = form.open(source, names, engine, **options)
    refuse_twins(given.columns)
    known_roles = roles if isinstance(roles, Roles) else Roles.of(**(roles or {}))
    known_roles.check(given.columns)
    tokens = (nulls,) if isinstance(nulls, str) else tuple(str(n) for n in nulls)
    wanted = _kinds(types or {}, given)
    data = Dataset(given, known_roles)
    if given.typed:
        door = door_of_values(engine.source_schema(given), tokens)
    else:
        trim = isinstance(given, Files) and bool(given.option("trim"))
        door = door_of_texts(_all_kinds(form, data, wanted, tokens, engine), tokens, trim)
    return data.change(dict(door.columns), door=True)


def _all_kinds(form: Format, raw: Dataset, wanted: Mapping[str, Kind], nulls: Sequence[str], engine: Engine) -> dict[str, Kind]:
    """Column → kind, in the order of the file."""
    undecided = {n: g for n, g in form.guesses(raw.source, nulls).items() if n not in wanted} if len(wanted) < len(raw.names) else {}
    found = {**decided(raw, undecided, nulls, engine), **wanted}
    return {name: found[name] for name in raw.names}


def _kinds(types: Mapping[str, Kind | str], source: Source) -> dict[str, Kind]:
    """The kinds that are said; refuses unknown columns and kinds, all at once."""
    if types and source.typed:
        raise RequestError(f"{source} has types of its own", hint="use the step `cast`", code="types-known")
    words = {str(k): k for k in CASTS}
    mistakes = [
        Mistake(
            f"types: there is no column {n!r}", accepted=listed(source.columns), hint=did_you_mean(n, source.columns), code="unknown-column"
        )
        for n in types
        if n not in source.columns
    ]
    if mistakes:
        raise ColumnError(*mistakes)
    mistakes = [
        Mistake(
            f"types: column {n!r}: there is no kind {str(k)!r}",
            accepted=listed(words),
            hint=did_you_mean(str(k), words),
            code="unknown-kind",
        )
        for n, k in types.items()
        if str(k) not in words
    ]
    if mistakes:
        raise RequestError(*mistakes)
    return {n: words[str(k)] for n, k in types.items()}
