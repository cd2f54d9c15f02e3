"""Reads time series in JSON by the paths of a Clarify configuration: one row for each item and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from tilth.aws.clarify import shape
from tilth.aws.clarify.config import AnalysisConfig
from tilth.data import Dataset, Memory, Roles
from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.store.documents import document
from tilth.web.jmespath import path

EACH = "[*]"  # in the path of a value of an item


def read_series(config: AnalysisConfig, place: str) -> Dataset:
    """The series of a JSON document, a row for each item and time, with their roles. Columns have the last names of their paths.

    Errors: `RequestError` for indices and equal names, `SourceError` for a document that is not as the paths say.
    """
    asked = series_of(config)
    paths = {"item_id": asked.item_id, "timestamp": asked.timestamp, "target_time_series": asked.target_time_series}
    paths |= {f"related_time_series[{i}]": p for i, p in enumerate(asked.related_time_series or ())}
    paths |= {f"static_covariates[{i}]": p for i, p in enumerate(asked.static_covariates or ())}
    RequestError.reject(
        Mistake(f"time_series_data_config.{k}: found {p}", accepted="a JMESPath, because series are in JSON", code="bad-value")
        for k, p in paths.items()
        if isinstance(p, int)
    )
    names = {key: last_name(str(p)) for key, p in paths.items()}
    if len(set(names.values())) < len(names):
        raise RequestError(f"time_series_data_config: two paths end in the same name: {listed(names.values())}", code="bad-value")
    columns = _columns(document(place, "dataset"), {names[key]: str(p) for key, p in paths.items()}, place)
    item, time, target = (names[key] for key in ("item_id", "timestamp", "target_time_series"))
    table = pa.table(columns)
    return Dataset(Memory(table, tuple(table.column_names), place=place), Roles(id=(item,), time=time, label=target))


def series_of(config: AnalysisConfig) -> shape.TimeSeries:
    """Where the series are."""
    assert config.time_series_data_config is not None  # noqa: S101 -- the caller looked
    return config.time_series_data_config


def last_name(text: str) -> str:
    """The last name in a path, which names the column of its values."""
    return text.replace(EACH, "").replace("[]", "").rpartition(".")[2].strip('"') or text


def _columns(found: Any, paths: Mapping[str, str], place: str) -> dict[str, list[Any]]:
    """The values of each path, as long as each other: of records with series in them item by item, else of the whole document."""
    nested = any("[]" in p for p in paths.values())
    if not nested:
        columns = {name: path(p)(found) for name, p in paths.items()}
        wrong = [name for name, of in columns.items() if not isinstance(of, list)]
        if wrong or len({len(of) for of in columns.values()}) > 1:
            what = f"no lists at {listed(paths[n] for n in wrong)}" if wrong else "lists that are not as long as each other"
            raise SourceError(f"{place} has {what}", hint="see time_series_data_config", code="bad-document")
        return columns
    made: dict[str, list[Any]] = {name: [] for name in paths}
    for number, row in enumerate(_items(found, paths, place), 1):
        lengths = {len(of) for of in row.values() if isinstance(of, list)}
        if len(lengths) != 1:
            raise SourceError(f"{place}: item {number:,} has series of different lengths", code="bad-document")
        for name, of in row.items():
            made[name] += of if isinstance(of, list) else [of] * min(lengths)
    return made


def _items(found: Any, paths: Mapping[str, str], place: str) -> Iterator[dict[str, Any]]:
    """For each item what the rest of the paths, after `[*]`, finds in it."""
    parts = {name: p.partition(EACH) for name, p in paths.items()}
    (first, *others) = {before for before, _, _ in parts.values()}
    items = path(first)(found) if first else found
    if others or not all(each for _, each, _ in parts.values()) or not isinstance(items, list):
        message = f"{place} is not a list of items, or the paths do not start at the list"
        raise SourceError(message, accepted="paths such as [*].id", code="bad-document")
    finds = {name: path(rest.lstrip(".")) for name, (_, _, rest) in parts.items()}
    for item in items:
        yield {name: find(item) for name, find in finds.items()}
