"""Clarify's explanations of forecasts: time series in JSON, models behind endpoints, and asymmetric Shapley values of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tilth import verbs
from tilth.aws.clarify import shape
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.explanations import Explanations
from tilth.aws.clarify.predicting import endpoint_of
from tilth.data import Dataset, Memory, Roles
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.measures.endpoint.answers import Unreadable, numbers
from tilth.measures.endpoint.model import EndpointModel
from tilth.measures.endpoint.records import JSON
from tilth.measures.explain.forecast_findings import ForecastValues
from tilth.measures.explain.forecasts import AsymmetricShap
from tilth.report.finding import jsonable
from tilth.store.documents import document
from tilth.web.client import is_address
from tilth.web.jmespath import path

EACH = "[*]"  # in the path of a value of an item
START, TARGET, RELATED, STATIC = "$start_time", "$target_time_series", "$related_time_series", "$static_covariates"
TOKENS = (START, TARGET, RELATED, STATIC)
RECORD = json.dumps({token[1:]: token for token in (START, TARGET)}).replace(f'"{START}"', START).replace(f'"{TARGET}"', TARGET)


# ── the data ──


def read_series(config: AnalysisConfig, place: str) -> Dataset:
    """The series of a JSON document, a row for each item and time, with their roles. Columns have the last names of their paths.

    Errors: `RequestError` for indices and equal names, `SourceError` for a document that is not as the paths say.
    """
    asked = _asked(config)
    paths = {"item_id": asked.item_id, "timestamp": asked.timestamp, "target_time_series": asked.target_time_series}
    paths |= {f"related_time_series[{i}]": p for i, p in enumerate(asked.related_time_series or ())}
    paths |= {f"static_covariates[{i}]": p for i, p in enumerate(asked.static_covariates or ())}
    RequestError.reject(
        Mistake(f"time_series_data_config.{k}: found {p}", accepted="a JMESPath, as series are in JSON", code="bad-value")
        for k, p in paths.items()
        if isinstance(p, int)
    )
    names = {key: _last_name(str(p)) for key, p in paths.items()}
    if len(set(names.values())) < len(names):
        raise RequestError(f"time_series_data_config: two paths end in the same name: {listed(names.values())}", code="bad-value")
    columns = _columns(document(place, "dataset"), {names[key]: str(p) for key, p in paths.items()}, place)
    item, time, target = (names[key] for key in ("item_id", "timestamp", "target_time_series"))
    table = pa.table(columns)
    return Dataset(Memory(table, tuple(table.column_names)), Roles(id=(item,), time=time, label=target))


def _asked(config: AnalysisConfig) -> shape.TimeSeries:
    assert config.time_series_data_config is not None  # noqa: S101 -- the caller looked
    return config.time_series_data_config


def _last_name(text: str) -> str:
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
            raise SourceError(f"{place}: item {number:,} has series that are not as long as each other", code="bad-document")
        for name, of in row.items():
            made[name] += of if isinstance(of, list) else [of] * min(lengths)
    return made


def _items(found: Any, paths: Mapping[str, str], place: str) -> Iterator[dict[str, Any]]:
    """For each item what the rest of the paths, after `[*]`, finds in it."""
    parts = {name: p.partition(EACH) for name, p in paths.items()}
    (first, *others) = {before for before, _, _ in parts.values()}
    items = path(first)(found) if first else found
    if others or not all(each for _, each, _ in parts.values()) or not isinstance(items, list):
        message = f"{place} is not a list of items, or paths do not begin with it"
        raise SourceError(message, accepted="paths such as [*].id", code="bad-document")
    finds = {name: path(rest.lstrip(".")) for name, (_, _, rest) in parts.items()}
    for item in items:
        yield {name: find(item) for name, find in finds.items()}


# ── the model ──


@dataclass(frozen=True, eq=False)
class SeriesEndpoint:
    """Forecasts of a server: called with an Arrow table of series it gives a row of numbers for each.

    A record is `record_template` with the first time, the target, the related series and the static covariates in the place of its tokens;
    `forecast` is the JMESPath of the forecasts in an answer. Errors: those of `EndpointModel`.
    """

    model: EndpointModel
    forecast: str
    related: int
    static: int

    def __call__(self, rows: pa.Table) -> np.ndarray:
        records = [self._record(list(row.values())) for row in rows.to_pylist()]
        size = self.model.batch_rows if "$records" in self.model.content_template else 1
        batches = [records[i : i + size] for i in range(0, len(records), size)]
        return self.model.matrix(batches, self._body, self._read, "steps of forecasts")

    def _record(self, values: list[Any]) -> str:
        """A row as a record: item, times, target, related series, static covariates."""
        _, times, target, *others = values
        parts = {START: times[0], TARGET: target, RELATED: others[: self.related], STATIC: others[self.related :]}
        made = self.model.record_template
        for token, value in parts.items():
            made = made.replace(token, json.dumps(jsonable(value), ensure_ascii=False))
        return made

    def _body(self, records: list[str]) -> bytes:
        token, content = ("$records", f"[{','.join(records)}]") if "$records" in self.model.content_template else ("$record", records[0])
        return self.model.content_template.replace(token, content, 1).encode()

    def _read(self, answer: bytes, records: int) -> list[list[float]]:
        try:
            found = path(self.forecast)(json.loads(answer))
        except ValueError:
            raise Unreadable("the answer is not JSON") from None
        rows = [found] if records == 1 and numbers(found) else found
        if not isinstance(rows, list) or len(rows) != records or not all(map(numbers, rows)):
            raise Unreadable(f"the answer has no list of numbers for each of {records} series at {self.forecast!r}")
        return rows


def series_model_of(config: AnalysisConfig, kept: str = "") -> tuple[Any, tuple[str, ...]]:
    """The model that answers for the one that the configuration names, and the inputs of one in a file."""
    own, asked = config.tilth.predictor, _asked(config)
    if not is_address(own.model):
        return verbs.model_from(str(own.model), (), tuple(own.trusted or ()), None)
    model = endpoint_of(config, kept, content_type=JSON, accept_type=JSON, record_template=RECORD)
    path = config.predictor and config.predictor.time_series_predictor_config
    related, static = len(asked.related_time_series or ()), len(asked.static_covariates or ())
    return SeriesEndpoint(model, path.forecast if path else "predictions", related, static), ()


# ── what is asked for ──


def explained_series(data: Dataset, config: AnalysisConfig, model: Any, columns: tuple[str, ...], engine: Session) -> Explanations:
    """What `methods.asymmetric_shapley_value` asks of a model; of all items. Errors: those of the measure `asymmetric_shap`."""
    asked, series = config.methods.asymmetric_shapley_value or shape.ShapleyOfSeries(), _asked(config)
    given = document(asked.baseline, "baseline") if isinstance(asked.baseline, str) else asked.baseline or {}
    measure = AsymmetricShap(
        model,
        columns,
        related=tuple(_last_name(str(p)) for p in series.related_time_series or ()),
        static=tuple(_last_name(str(p)) for p in series.static_covariates or ()),
        direction=asked.direction,  # type: ignore[arg-type]  # one of its words
        granularity=asked.granularity,  # type: ignore[arg-type]
        samples=asked.num_samples,
        target_baseline=given.get("target_time_series", "zero"),
        related_baseline=given.get("related_time_series", "zero"),
        static_baseline={k: tuple(v) for k, v in given.get("static_covariates", {}).items()},
        items=config.tilth.shap.rows or 2**31 - 1,
        seed=config.tilth.seed or 0,
        local=True,
    )
    with engine.working_for(measure.name):
        found, _ = measure.measure(data, data, engine)
    items = [item for f in found if isinstance(f.payload, ForecastValues) for item in f.payload.items]
    place = f"asymmetric_shapley_value/{asked.granularity}_{asked.direction}/out.jsonl"
    return Explanations(tuple(f for f in found if not isinstance(f.payload, ForecastValues)), {place: jsonable(items)})
