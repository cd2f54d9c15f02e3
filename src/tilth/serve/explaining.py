"""Answers with explanations, in the format of a SageMaker endpoint with Clarify's online explanations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Column, Kind, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.row import row_function
from tilth.errors import Mistake, RequestError, listed
from tilth.formats.decode import decode_served
from tilth.measures.explain.findings import local_values
from tilth.measures.explain.local import explanations
from tilth.measures.explain.models import NOTHING, Asked, Rows
from tilth.measures.explain.shap import Shap
from tilth.serve.bodies import decoded, encoded
from tilth.serve.bodies.rows import CSV, JSON, LINES, Columns, Row
from tilth.serve.explainer_config import ExplainerConfig
from tilth.serve.media import MediaType, chosen, media_type
from tilth.serve.pipeline import Answer, Pipeline, Refused
from tilth.serve.stages import Preparation
from tilth.web.conditions import condition
from tilth.web.jmespath import path

MANY = 100  # rows; more are prepared faster by an engine than one by one
KNOWN = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.STRING})
TYPES = {"free_text": "text"}  # kinds of features that Clarify names differently in files and in answers


@dataclass(frozen=True)
class Explainer:
    """Explains the answers of a pipeline: Shapley values of the columns that it reads, for each number in the answer.

    Errors: `RequestError` if the configuration does not fit the columns, or if the pipeline gives no numbers for the baseline.
    """

    pipeline: Pipeline
    config: ExplainerConfig

    @classmethod
    def of(cls, pipeline: Pipeline, config: ExplainerConfig) -> Explainer:
        """Create an explainer and test it with the baseline, so that it is ready for requests. Errors: as the class."""
        made, inference = cls(pipeline, config), config.InferenceConfig
        baseline: list[Row] = [dict(zip(made.features, row, strict=True)) for row in made.shap.background]
        numbers = made._numbers(pipeline.through(baseline))
        counted = {
            "FeatureHeaders": (inference.FeatureHeaders, len(made.features), f"features: {listed(made.features, 40)}"),
            "FeatureTypes": (inference.FeatureTypes, len(made.features), f"features: {listed(made.features, 40)}"),
            "LabelHeaders": (inference.LabelHeaders, numbers.shape[1], "numbers that the last stage gives"),
        }
        RequestError.reject(
            Mistake(f"InferenceConfig.{key} has {len(given)} entries", accepted=f"{wanted}, for the {what}", code="bad-explainer")
            for key, (given, wanted, what) in counted.items()
            if given is not None and len(given) != wanted
        )
        made.explained(baseline)
        return made

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The columns that get Shapley values, in the order of a request."""
        first = self.pipeline.stages[0]
        return tuple(c for c in first.takes.names if c in first.reads) if isinstance(first, Preparation) else first.takes.names

    @cached_property
    def schema(self) -> Schema:
        """The schema of rows that are mixed with the baseline: numbers and booleans; all other kinds are strings, as in a request."""
        mixed = (Kind.FLOAT if k is Kind.DECIMAL else k if k in KNOWN else Kind.STRING for k in self._kinds)
        return Schema(tuple(map(Column, self.features, mixed)))

    @cached_property
    def _kinds(self) -> tuple[Kind, ...]:
        """The kinds of the columns when the flow was fitted; without a flow, the model takes numbers."""
        first = self.pipeline.stages[0]
        if not isinstance(first, Preparation):
            return (Kind.FLOAT,) * len(self.features)
        return tuple(first.flow.need_learned().schema[c].kind for c in self.features)

    @cached_property
    def shap(self) -> Shap:
        """The measure that computes the Shapley values."""
        given, types = self.config.ShapConfig, self.config.InferenceConfig.FeatureTypes or ()
        media = MediaType(given.ShapBaselineConfig.MimeType, {})
        rows = decoded(given.ShapBaselineConfig.body, media, Columns(self.features))
        texts = tuple(c for c, kind in zip(self.features, types, strict=False) if kind == "text")
        text = given.TextConfig
        units = None if text is None else {"granularity": text.Granularity, "language": text.Language, "columns": texts}
        return Shap(
            background=tuple(self._baseline(row) for row in rows),
            samples=given.NumberOfSamples,
            link="logit" if given.UseLogit else "identity",
            seed=given.Seed,
            text_config=units,
        )

    def _baseline(self, row: Row) -> tuple[Any, ...]:
        try:
            made = self._typed(True)(row)
        except (TypeError, ValueError) as error:
            kinds = listed(f"{c.name} {c.kind}" for c in self.schema)
            raise RequestError("ShapBaseline has a value that does not fit its column", accepted=kinds, code="bad-explainer") from error
        return tuple(made[c] for c in self.features)

    def _typed(self, strict: bool = False) -> Callable[[Row], Row]:
        """The function from a row of a request to features of the right kinds. With `strict` it raises an error for an unreadable value."""
        first = self.pipeline.stages[0]
        nulls = first.flow.reading.nulls if isinstance(first, Preparation) else ()
        decode = decode_served(self.schema, nulls, empty_is_null=False, strict=strict)
        return row_function([decode], self.schema.names, wanted=self.features)

    def answer(self, body: bytes, content_type: str, accept: str = "", asked: str = "") -> Answer:
        """The answer to a body. `asked` is the condition of the request, if any. An error becomes an error answer; nothing is raised."""
        return self.pipeline.answered(lambda: self._answer(body, content_type, accept, asked or self.config.EnableExplanations))

    def _answer(self, body: bytes, content_type: str, accept: str, asked: str) -> Answer:
        media = media_type(content_type)
        if media is None or media.name not in (CSV, LINES):
            message = f"rows to explain must be CSV or JSON Lines, but the content type is {content_type[:80]!r}"
            raise Refused(415, "bad-content-type", message, accepted=f"{CSV}, {LINES}")
        if chosen(accept, (JSON,), JSON) is None:
            raise Refused(406, "not-acceptable", f"Accept is {accept[:80]!r}", accepted=JSON)
        rows = self.pipeline.read(body, content_type)
        took = list[float]()
        answers = self.pipeline.through(rows, took=took)
        names = self.pipeline.gives or tuple(answers[0])
        wanted = self._wanted(answers, asked, media.name == CSV)
        found = iter(self.explained([row for row, is_wanted in zip(rows, wanted, strict=True) if is_wanted]) if any(wanted) else ())
        labels = self.config.InferenceConfig.LabelHeaders
        content = {
            "version": "1.0",
            "predictions": {"content_type": media.name, "data": encoded(answers, names, media.name).decode()},
            **({"label_headers": labels} if labels else {}),
            "explanations": {"kernel_shap": [next(found) if w else None for w in wanted]} if any(wanted) else {},
        }
        return Answer(200, JSON, json.dumps(content, ensure_ascii=False).encode(), len(rows), stages=took)

    def _wanted(self, answers: Sequence[Row], asked: str, values: bool) -> list[bool]:
        """Which records to explain. If `values`, the condition gets a record as a list of values. Errors: `RequestError`."""
        holds = condition(asked)
        found = [holds(list(answer.values()) if values else answer) for answer in answers]
        wrong = next((v for v in found if not isinstance(v, bool)), True)
        if wrong is not True:
            message = f"{asked!r} is {json.dumps(wrong, default=str)[:40]} for a record of the answer"
            raise RequestError(message, accepted="true or false", code="bad-condition")
        return found

    def _predicted(self, rows: pa.Table) -> list[Row]:
        """The answers for rows of features. An engine prepares many rows, if it supports their kinds."""
        first, *others = self.pipeline.stages
        many = len(rows) > MANY and set(self._kinds) <= KNOWN
        found = first.of_table(rows) if many and isinstance(first, Preparation) else first(rows.to_pylist())
        for stage in others:
            found = stage(found)
        return found

    def _numbers(self, answers: Sequence[Row]) -> np.ndarray:
        """The numbers to explain in each answer. Errors: `RequestError` if they are not numbers."""
        place, attribute = self.config.InferenceConfig.ProbabilityIndex, self.config.InferenceConfig.ProbabilityAttribute
        find = path(f"[{place}]" if place is not None else attribute or "@")
        found = [find(list(answer.values()) if attribute is None else answer) for answer in answers]
        several = [v if isinstance(v, list) else [v] for v in found]
        numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for values in several for x in values)
        if not numbers or len({*map(len, several)}) > 1:
            hint = "name the number: InferenceConfig.ProbabilityIndex; or serve probabilities: --output softmax"
            message = f"an answer has {json.dumps(several[0], default=str)[:80]}, of which not all is a number"
            raise RequestError(message, accepted="numbers to explain", hint=hint, code="no-numbers")
        return np.array(several, np.float64)

    def explained(self, rows: Sequence[Row]) -> list[list[dict[str, Any]]]:
        """The explanations of rows in Clarify's format. Errors: those of the measure `shap`."""
        typed = list(map(self._typed(), rows))
        table = pa.table({c.name: pa.array([row[c.name] for row in typed], arrow_type(c.kind)) for c in self.schema})
        held = Rows(table, [c.kind for c in self.schema])

        def call(matrix: np.ndarray, given: Mapping[int, Sequence[Any]] = NOTHING) -> np.ndarray:
            return self._numbers(self._predicted(held.decoded(matrix, given)))

        outputs = tuple(map(str, range(call(held.matrix[:1]).shape[1])))
        found = replace(self.shap, rows=len(rows)).explained(Asked(held, pa.table({}), outputs, call))
        local = explanations(local_values(found, pa.table({}))) if found else ()
        return [[self._described(i, one) for i, one in enumerate(row)] for row in local]

    def _described(self, i: int, found: Mapping[str, Any]) -> dict[str, Any]:
        """The explanation of a feature in Clarify's format."""
        headers, types = self.config.InferenceConfig.FeatureHeaders or self.features, self.config.InferenceConfig.FeatureTypes
        kind = types[i] if types else TYPES.get(found["data_type"], found["data_type"])
        return {"feature_header": headers[i], "feature_type": kind, "attributions": found["attributions"]}
