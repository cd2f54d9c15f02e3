"""`read`: a dataset from files or from a table in memory."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Files, Kind, Memory, Roles, Schema, Source, Unreadable, reject_duplicate_names
from tilth.engine.expressions import and_, cast, col, is_null, not_, not_null
from tilth.engine.layers import decode_layer
from tilth.engine.session import Session, TypeContradiction
from tilth.engine.statistics import Statistic, count
from tilth.errors import ColumnError, Mistake, RequestError, SourceError, TilthError, unknown, warn
from tilth.formats.decode import CASTS, SURE, decode_strings, decode_values, is_token, reconciled
from tilth.formats.format import Format, by_name, formats, recognised, reject_unknown
from tilth.formats.guess import assumed, inferred, verifying
from tilth.formats.manifest import listed_in
from tilth.formats.sidecar import roles_beside
from tilth.secrets import Access
from tilth.store.local import state_of, suffix_of, text_of
from tilth.store.places import Copies, Secured, copies, has_rows, named, secured
from tilth.store.uri import is_local, joined, local_path

NO_ROLES = Roles()
HEAD_BYTES = 100


def read(
    source: Any,
    *,
    engine: Session,
    roles: Roles | Mapping[str, Any] | None = None,
    nulls: Sequence[str] | str = (),
    names: Sequence[str] | None = None,
    format: str | None = None,
    types: Mapping[str, Kind | str] | None = None,
    substitute: bool = False,
    max_invalid: float = 1,
    secret: str | Mapping[str, Any] | Access | None = None,
    **options: Any,
) -> Dataset:
    """A dataset from a file, a folder, a pattern, a list of them, or a table of Arrow, pandas, Polars, DuckDB or Spark.

    `nulls` are placeholders (`"?"`, `"N/A"`), compared with whole values, stripped and case-insensitively. `names` rename the columns.
    `format` defaults to the format of the file's suffix or the table's type; `options` are those of the format. `types` are kinds of string
    columns (`{"zip": "string"}`): a string that does not fit the kind becomes null; the kinds of the other columns are inferred from all
    rows. `max_invalid` is the largest share of a column's values that may become null in this way; below 1 such values are counted
    (`Dataset.unreadable`). `roles` default to those in the folder's `_schema.json`, if a flow delivered it. `substitute`: the table is read
    in place of the files for which the options were given; options of other formats are ignored, and so are `names` if the table has its
    own. `secret` is the reference of the secret for a database or server, such as `env:PGPASSWORD`; see `tilth.secrets`.

    NaN becomes null in every float column. Errors: `SourceError` for a source that cannot be read, `ColumnError` for roles and types of
    unknown columns, and for duplicate names.

    >>> import pyarrow as pa
    >>> from tilth.engine.duckdb import DuckDB
    >>> read(pa.table({"age": [39.0, float("nan")]}), engine=DuckDB().session())
    dataset: table in memory (2 rows), 1 columns
      column  role
      age
    """
    known, source = Roles.of(**roles) if isinstance(roles, Mapping) else roles, _listed(secured(source, secret))
    with on_this_machine(source) as (local, copied):
        beside = roles_beside(local) if known is None else None
        form, given = (_substituted if substitute else _opened)(local, format, names, engine, options)
        given = _with_copies(given, copied)
        known = known or (beside or NO_ROLES).moved({c: c for c in given.columns})
        known.check(given.columns)
        return _decoded(form, Dataset(given, known), _stated_kinds(types or {}, given), _tokens(nulls), engine, max_invalid)


def table_of(data: Any, session: Session) -> Dataset:
    """A dataset, or anything that can be read as one."""
    return data if isinstance(data, Dataset) else read(data, engine=session)


def read_as(
    source: Any,
    schema: Schema,
    needed: Iterable[str],
    *,
    engine: Session,
    roles: Roles = NO_ROLES,
    nulls: Sequence[str] | str = (),
    names: Sequence[str] | None = None,
    format: str | None = None,
    types: Mapping[str, Kind | str] | None = None,
    max_invalid: float = 1,
    **options: Any,
) -> Dataset:
    """A dataset with the kinds of `schema`, for applying a flow that was fitted on a table with this schema.

    `source` is a dataset, which has `roles` if it has none of its own, or any source of `read`; the options are those of the fitted table,
    as in `read` with `substitute`. `types` is ignored in favour of the schema. Columns that the schema lacks are dropped. A column of
    another kind is converted value by value if the kinds permit it (an integer to a float, a string to a number); values that do not fit
    become null. If `max_invalid` is below 1, they are counted (`Dataset.unreadable`).

    Errors: `ColumnError` for all needed columns that are missing or cannot be converted, and for columns in which a larger share of the
    present values than `max_invalid` does not fit.
    """
    if isinstance(source, Dataset):
        data = source if source.roles.given() else replace(source, roles=roles)
    else:
        with on_this_machine(source) as (local, copied):
            form, given = _substituted(local, format, names, engine, options)
        given = _with_copies(given, copied)
        kinds = {c.name: c.kind for c in schema if c.name in given.columns and c.kind in CASTS}
        data = _decoded(form, Dataset(given, roles), dict.fromkeys(given.columns, Kind.STRING) | kinds, _tokens(nulls), engine, max_invalid)
    return _reconciled(data, schema, frozenset(needed), _tokens(nulls), engine, max_invalid)


def _listed(source: Any) -> Any:
    """Replace a SageMaker `ManifestFile` by the places in it; a prefix that is a path is relative to the folder of the manifest."""
    if not isinstance(source, str | os.PathLike) or suffix_of(os.fspath(source)) != ".manifest" or not is_local(source):
        return source
    path = Path(local_path(source))
    if not path.is_file() or isinstance(source, Secured):
        return source
    with path.open("rb") as file:
        if not file.read(HEAD_BYTES).lstrip().startswith(b"["):  # an augmented manifest has objects
            return source
    return [joined(path.parent, p) for p in listed_in(text_of(path, "manifest", SourceError), str(path))]


@contextmanager
def on_this_machine(source: Any) -> Iterator[tuple[Any, Copies | None]]:
    """The source on this machine, and the local copies if its files are elsewhere. Errors raised inside name the original places."""
    several = isinstance(source, list | tuple)
    places = list(source) if several else [source]
    if not all(isinstance(p, str | os.PathLike) and not has_rows(p) for p in places):
        yield source, None
        return
    found = [copies(p) for p in places]
    held = [c for c in found if c.scratch]
    with ExitStack() as errors:
        for one in held:
            errors.enter_context(named(one))
        yield (
            [c.path for c in found] if several else found[0].path,
            held[0] if len(held) == 1 else Copies("", f"{len(held)} places ({held[0].place} …)", scratch=tuple(held)) if held else None,
        )


def _with_copies(given: Source, copied: Copies | None) -> Source:
    """A source that keeps the copies from which it is read, named after the original place."""
    if copied is None or not isinstance(given, Files):
        return given
    own = given.copies  # made by a codec when it decoded the files
    return replace(given, copies=Copies(own.path, copied.place, scratch=own) if own else copied)


def _opened(
    source: Any, format_: str | None, names: Sequence[str] | None, engine: Session, options: Mapping[str, Any]
) -> tuple[Format, Source]:
    form = by_name(format_) if format_ else recognised(source)
    reject_unknown(form, options, form.options)
    given = form.open(source, names, engine, **options)
    if not given.columns:
        raise SourceError("the table has no columns", accepted="a table with at least one column, with or without rows", code="no-columns")
    reject_duplicate_names(given.columns)
    return form, replace(given, state=state_of(given.paths)) if isinstance(given, Files) else given


def _substituted(
    source: Any, format_: str | None, names: Sequence[str] | None, engine: Session, options: Mapping[str, Any]
) -> tuple[Format, Source]:
    """Open a table in place of the files for which the options were given."""
    try:  # the format of its type or suffix, otherwise the given one
        form = recognised(source)
    except SourceError:
        if format_ is None:
            raise
        form = by_name(format_)
    others = {word for other in formats() for word in other.options} - set(form.options) if options else set()  # loads all formats
    options = {word: value for word, value in options.items() if word not in others}
    if names and form.named:
        try:
            own = _opened(source, form.name, None, engine, options)[1]
        except TilthError:  # its own names are invalid, such as the numbers of a frame: use `names`, or raise again
            return _opened(source, form.name, names, engine, options)
        if set(own.columns) & set(names):
            return form, own
        source = own.table if isinstance(own, Memory) else source  # a reader can be read once
    return _opened(source, form.name, names, engine, options)


def _decoded(form: Format, raw: Dataset, kinds: Mapping[str, Kind], nulls: tuple[str, ...], engine: Session, max_invalid: float) -> Dataset:
    """Decode a table. In a table of strings, infer the kinds that are not given.

    If `max_invalid` is below 1, strings that do not fit a given kind are counted. The query that loads the files stops at the first such
    string, so files without such strings need no count.
    """
    given = raw.source
    if not isinstance(given, Files) or given.typed:
        return raw.change(dict(decode_values(engine.source_schema(given), nulls).columns), decode=True)

    def decoded(found: Mapping[str, Kind]) -> Dataset:
        decode = decode_strings({name: kinds.get(name) or found[name] for name in raw.names}, nulls, bool(given.option("trim")))
        return raw.change(dict(decode.columns), decode=True)

    stated = {n: k for n, k in kinds.items() if k is not Kind.STRING and max_invalid < 1}
    if len(kinds) == len(raw.names) and not stated:
        return decoded({})
    guesses = {n: g for n, g in form.guesses(given, nulls).items() if n not in kinds} if len(kinds) < len(raw.names) else {}
    data = decoded(assumed(guesses))
    try:
        engine.load(data, verifying(decode_layer(data)[0], guesses, nulls, stated))
    except TypeContradiction:
        data = decoded(inferred(raw, guesses, nulls, engine) if guesses else {})
        asked = {n: (k, *_present_and_lost(col(n), CASTS[k].of(col(n)), nulls, strings=True)) for n, k in stated.items()}
        return _counted(data, raw, asked, engine, max_invalid)
    return data


def _present_and_lost(x: Tree, made: Tree, nulls: tuple[str, ...], *, strings: bool) -> tuple[Statistic, Statistic]:
    """Statistics: the number of present values, and how many of them `made` turns into null."""
    there = not_(is_token(x, ("", *nulls))) if strings else not_null(x)
    return count(there), count(and_(there, is_null(made)))


def _counted(
    data: Dataset, below: Dataset, asked: Mapping[str, tuple[Kind, Statistic, Statistic]], engine: Session, most: float
) -> Dataset:
    """Count unreadable values, and add them to the dataset. `asked`: column → kind, statistic of present values, statistic of lost values.

    Both statistics are computed on `below`. Errors: `ColumnError` for every column that loses a larger share of its values than `most`.
    """
    found = engine.answer(below, [s for _, *both in asked.values() for s in both]) if asked else {}
    lost = tuple(Unreadable(n, kind, found[bad], found[there]) for n, (kind, there, bad) in asked.items() if found[bad])
    hint = "correct them, add placeholders to `nulls`, or allow more with `max_invalid` under `data`"
    accepted = f"at most {most:.3g} of a column's values, as `max_invalid` says"
    ColumnError.reject(Mistake(str(u), accepted=accepted, hint=hint, code="unreadable") for u in lost if u.values > most * u.of)
    for u in lost:
        warn(f"{u}; they are null")
    return replace(data, unreadable=(*data.unreadable, *lost))


def _reconciled(
    data: Dataset, schema: Schema, needed: frozenset[str], nulls: tuple[str, ...], engine: Session, max_invalid: float
) -> Dataset:
    found = engine.schema(data)
    taken = {c.name: reconciled(found[c.name], c.kind, nulls) if c.holds(found[c.name]) else None for c in schema if c.name in found}
    absent = lacking([n for n in schema.names if n in needed], found.names)
    unconvertible = [
        Mistake(f"column {n!r} is {found[n]}, but the fitted flow needs {schema[n]}", code="wrong-kind")
        for n, tree in taken.items()
        if tree is None
    ]
    ColumnError.reject([*absent, *unconvertible])
    changed = {n: tree for n, tree in taken.items() if tree is not None and found[n].kind is not schema[n].kind}
    if max_invalid < 1:
        asked = {
            n: (schema[n].kind, *_present_and_lost(col(n), tree, nulls, strings=found[n].kind is Kind.STRING))
            for n, tree in changed.items()
            if (found[n].kind, schema[n].kind) not in SURE and found[n].kind is not Kind.NULL
        }
        data = _counted(data, data, asked, engine, max_invalid)
    wider = {n: cast(col(n), schema[n].kind) for n in taken if n not in changed and found[n].narrow and not schema[n].narrow}
    return data.keep(taken).change(changed | wider)


def lacking(needed: Iterable[str], given: Iterable[str]) -> list[Mistake]:
    """A mistake for each column that a fitted flow needs but that is missing."""
    return unknown(needed, given, "there is no column {}, which the fitted flow needs", "unknown-column")


def _tokens(nulls: Sequence[str] | str) -> tuple[str, ...]:
    return (nulls,) if isinstance(nulls, str) else tuple(str(n) for n in nulls)


def _stated_kinds(types: Mapping[str, Kind | str], source: Source) -> dict[str, Kind]:
    """The stated kinds. Rejects all unknown columns and kinds at once."""
    if types and source.typed:
        raise RequestError(f"{source} already has types", hint="use the step `cast`", code="types-known")
    ColumnError.reject(unknown(types, source.columns, "types: there is no column {}", "unknown-column"))
    words = {str(k): k for k in CASTS}
    wrong = (unknown([str(k)], words, f"types: column {n!r}: there is no kind {{}}", "unknown-kind") for n, k in types.items())
    RequestError.reject(itertools.chain.from_iterable(wrong))
    return {n: words[str(k)] for n, k in types.items()}
