"""Clarify's explanations of forecasts: a model of time series behind an endpoint, and its asymmetric Shapley values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.aws.clarify import shape
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.explanations import Explanations
from tilth.aws.clarify.predicting import answering_model
from tilth.aws.clarify.series_data import last_name, series_of
from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.endpoint.answers import Unreadable, numbers
from tilth.measures.endpoint.model import EndpointModel
from tilth.measures.endpoint.records import JSON
from tilth.measures.explain.forecast_findings import ForecastValues
from tilth.measures.explain.forecasts import AsymmetricShap
from tilth.report.finding import jsonable
from tilth.store.documents import document
from tilth.web.jmespath import path

START, TARGET, RELATED, STATIC = "$start_time", "$target_time_series", "$related_time_series", "$static_covariates"
TOKENS = (START, TARGET, RELATED, STATIC)
RECORD = json.dumps({token[1:]: token for token in (START, TARGET)}).replace(f'"{START}"', START).replace(f'"{TARGET}"', TARGET)


# ── the model ──


@dataclass(frozen=True, eq=False)
class SeriesEndpoint:
    """Forecasts of a server: called with an Arrow table of series, it returns a row of numbers for each.

    A record is `record_template` with its tokens replaced by the first time, the target, the related series and the static covariates.
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
    model, inputs = answering_model(config, kept, content_type=JSON, accept_type=JSON, record_template=RECORD)
    if not isinstance(model, EndpointModel):
        return model, inputs
    asked, path = series_of(config), config.predictor and config.predictor.time_series_predictor_config
    related, static = len(asked.related_time_series or ()), len(asked.static_covariates or ())
    return SeriesEndpoint(model, path.forecast if path else "predictions", related, static), ()


# ── the method ──


def explained_series(data: Dataset, config: AnalysisConfig, model: Any, columns: tuple[str, ...], engine: Session) -> Explanations:
    """Compute `methods.asymmetric_shapley_value` for all items. Errors: those of the measure `asymmetric_shap`."""
    asked, series = config.methods.asymmetric_shapley_value or shape.ShapleyOfSeries(), series_of(config)
    given = document(asked.baseline, "baseline") if isinstance(asked.baseline, str) else asked.baseline or {}
    measure = AsymmetricShap(
        model,
        columns,
        related=tuple(last_name(str(p)) for p in series.related_time_series or ()),
        static=tuple(last_name(str(p)) for p in series.static_covariates or ()),
        direction=asked.direction,
        granularity=asked.granularity,
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
