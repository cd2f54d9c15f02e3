"""A profile job, run: from a table and a configuration to the result in DataBrew's shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.aws.profile_jobs.config import EntityDetector, ProfileConfiguration, Selector
from tilth.aws.profile_jobs.statistics import ALL, BOOLEAN, NUMBER, OF_COLUMNS, TEXT, Looked
from tilth.data import Column, Dataset, Kind
from tilth.engine.arrow import as_numpy
from tilth.engine.session import Session
from tilth.entities.mentions import PERSON_NAME
from tilth.errors import RequestError, listed, warn
from tilth.measures.associations import Numbers, standardized
from tilth.measures.profile import MOST_EXACT, MOST_INTEGER
from tilth.measures.sampled import COMPARABLE, all_rows, most_rows, values_of
from tilth.measures.sensitive.measure import Sensitive
from tilth.measures.sensitive.verdicts import SensitiveColumn
from tilth.measures.table_profile import EqualRows
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import measured
from tilth.report import jsonable
from tilth.store.places import atomic
from tilth.store.uri import Place

KINDS = {Kind.INTEGER: NUMBER, Kind.FLOAT: NUMBER, Kind.STRING: TEXT, Kind.BOOLEAN: BOOLEAN}  # others are skipped, as the service does
SMALL = 2**31  # integers below are `int`, others `bigint`


def profile_job(data: Dataset, config: ProfileConfiguration, session: Session) -> dict[str, Any]:
    """The result of a profile job over all rows, ready for `json.dumps`.

    A small table is read in one scan, a larger one column by column. Statistics without a value are absent. Private columns have a name
    and a type, but no statistics. Columns in which the configuration's entities are found have the statistics that it allows; a warning
    names these columns.

    Errors: `ColumnError` for a selector that selects no column; `RequestError` for a table with too many rows.
    """
    names = config.columns(data.names)
    schema = session.schema(data)
    columns = [schema[n] for n in names if schema[n].kind in KINDS]
    rows = measured(data, [RowCount()], session)[RowCount()]
    if rows > MOST_EXACT:
        raise RequestError(f"a profile job of {rows:,} rows", accepted=f"up to {MOST_EXACT:,} rows", code="too-many-rows")
    held = all_rows(data, [c.name for c in columns], session) if columns and rows <= most_rows(len(columns)) else None
    asked, allowed = config.of_table(), _allowed(config.EntityDetectorConfiguration, data, session)
    allowed |= {name: set() for name in data.roles.private}
    open_to_all = [c for c in columns if "CORRELATION" in allowed.get(c.name, ["CORRELATION"])]
    related = _correlations(open_to_all, asked.get("CORRELATION"), data, held, session)
    found = [_column(c, config, allowed.get(c.name), related.get(c.name), data, held, session) for c in columns]
    return {"sampleSize": rows, **_duplicates(schema, asked, data, session), "columns": found}


def deliver_job(result: Mapping[str, Any], place: Place) -> None:
    """Write the result as JSON, atomically."""
    with atomic(place) as file:
        file.write_text(json_of(result), "utf-8")


def json_of(result: Mapping[str, Any]) -> str:
    """The result as JSON."""
    return json.dumps(jsonable(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _duplicates(schema: Any, asked: Mapping[str, Any], data: Dataset, session: Session) -> dict[str, int]:
    """The rows that are duplicates of an earlier row in all columns."""
    if "DUPLICATE_ROWS_COUNT" not in asked:
        return {}
    if odd := [c.name for c in schema if c.kind not in COMPARABLE]:
        hint = 'name the others: {"IncludedStatistics": ["CORRELATION"]}'
        raise RequestError(f"DUPLICATE_ROWS_COUNT: {listed(odd)} cannot be compared", hint=hint, code="not-comparable")
    metric = EqualRows(data.names)
    return {"duplicateRowsCount": int(measured(data, [metric], session)[metric])}


def _allowed(asked: EntityDetector | None, data: Dataset, session: Session) -> dict[str, set[str]]:
    """Column with personal data → the statistics that it has nevertheless."""
    if asked is None:
        return {}
    entities = asked.entities()
    sought = [Sensitive(countries=("US",), entities=tuple(sorted(rest)))] if (rest := entities - {PERSON_NAME}) else []
    sought += [Sensitive(countries=("US",))] if PERSON_NAME in entities else []  # names are not looked for by name
    found = [f for measure in sought for f in measure.measure(data, data, session)[0] if isinstance(f.payload, SensitiveColumn)]
    sure = {f.name: t.entity for f in found for t in f.payload.types if t.verdict != "suspected" and entities & {t.entity, *t.also}}
    if sure:
        warn(f"columns with personal data have the statistics that are allowed for them: {listed(f'{n} ({e})' for n, e in sure.items())}")
    return dict.fromkeys(sure, asked.allowed())


def _values(names: Sequence[str], data: Dataset, held: pa.Table | None, session: Session) -> pa.Table:
    return all_rows(data, names, session) if held is None else held.select(list(names))


def _correlations(
    columns: Sequence[Column], parameters: Mapping[str, Any] | None, data: Dataset, held: pa.Table | None, session: Session
) -> dict[str, dict[str, float]]:
    """Column → other column → Pearson's r over the rows where both have a value; for the first or the selected numeric columns."""
    numbers = [c.name for c in columns if KINDS[c.kind] == NUMBER]
    if parameters is None or not numbers:
        return {}
    if parameters["columnSelectors"] is not None:
        selectors = [Selector(Name=s.get("name"), Regex=s.get("regex")) for s in parameters["columnSelectors"]]
        chosen = {n for s in selectors for n in s.selected(numbers)}
        numbers = [n for n in numbers if n in chosen]
    elif parameters["columnNumber"] != ALL:
        numbers = numbers[: parameters["columnNumber"]]
    if not numbers:
        return {}
    table = _values(numbers, data, held, session)
    if not len(table):
        return {}
    r = Numbers.of([standardized(_finite(table[n])) for n in numbers]).correlations()
    return {a: {b: float(r[i, j]) for j, b in enumerate(numbers) if r[i, j] == r[i, j]} for i, a in enumerate(numbers)}


def _finite(column: pa.ChunkedArray) -> Any:
    x = as_numpy(column.cast(pa.float64(), safe=False))
    return np.where(np.isfinite(x), x, np.nan)


def _column(
    c: Column,
    config: ProfileConfiguration,
    allowed: set[str] | None,
    related: Mapping[str, float] | None,
    data: Dataset,
    held: pa.Table | None,
    session: Session,
) -> dict[str, Any]:
    """The name and type of a column, and its statistics, or only those that are `allowed`."""
    if allowed is not None and not allowed:
        return {"name": c.name, "type": _type(c, None)}
    x = looked(c, _values([c.name], data, held, session)[c.name])
    found: dict[str, Any] = {"name": c.name, "type": _type(c, x)} | ({"correlations": dict(related)} if related else {})
    for name, parameters in config.of_column(c.name).items():
        statistic = OF_COLUMNS[name]
        if KINDS[c.kind] in statistic.kinds and (x.n or not statistic.sized) and (allowed is None or name in allowed):
            found |= {key: value for key, value in statistic.value(x, parameters).items() if value is not None}
    return found


def _type(c: Column, x: Looked | None) -> str:
    """The service's name of a type: `int` where every integer fits into 32 bits, else `bigint`."""
    if c.kind is Kind.INTEGER:
        fits = x is not None and (not x.n or (x.plain(0) >= -SMALL and x.plain(-1) < SMALL))
        return "int" if fits else "bigint"
    return {Kind.FLOAT: "double", Kind.STRING: "string", Kind.BOOLEAN: "boolean"}[c.kind]


def looked(c: Column, column: pa.ChunkedArray) -> Looked:
    """The values of a column; null, NaN and empty strings are missing."""
    if c.kind is Kind.STRING:
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    if c.kind is Kind.INTEGER and pa.types.is_decimal(column.type):  # integers beyond 64 bits
        raise RequestError(f"column {c.name!r} has integers above {MOST_INTEGER:,}, which a profile job cannot read", code="too-large")
    found = values_of(column)
    there = found.rows > 0
    rows = found.rows[there]
    values = (
        np.asarray(found.values)[there]
        if isinstance(found.values, np.ndarray)
        else found.values.filter(pa.array(there.tolist(), pa.bool_()))
    )
    plain = values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    sizes, weights = np.array([], np.int64), np.array([], np.int64)
    if c.kind is Kind.STRING:
        sizes, at = np.unique(as_numpy(pc.utf8_length(values)).astype(np.int64), return_inverse=True)
        weights = np.bincount(at, rows, len(sizes)).astype(np.int64)
    elif isinstance(values, np.ndarray):
        finite = np.isfinite(values)
        sizes, weights = values[finite], rows[finite].astype(np.int64)
    return Looked(plain, rows, sizes, weights, len(column) - int(rows.sum()))
