"""The model of a configuration, and the labels that it predicts where the data has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth import verbs
from tilth.aws.clarify.checks import PREDICTED
from tilth.aws.clarify.config import AnalysisConfig
from tilth.data import Dataset, Memory, Schema
from tilth.engine.session import Session
from tilth.errors import RequestError, listed
from tilth.formats import to_arrow
from tilth.measures.endpoint.answers import Said, best
from tilth.measures.endpoint.model import EndpointModel
from tilth.measures.explain.models import reject_unfit
from tilth.measures.importance import predicted
from tilth.measures.measure import Predictor
from tilth.report import Finding, warning

PASSED_ON = {"custom_attributes": "X-Amzn-SageMaker-Custom-Attributes", "target_model": "X-Amzn-SageMaker-Target-Model"}
ASKED = ("content_type", "accept_type", "content_template", "record_template", "probability")
OWN = ("seconds", "retries", "most_seconds", "batch_rows", "concurrency")
THRESHOLD = 0.5  # of a score, where the configuration has none


def named(key: str | int | None, names: Sequence[str]) -> str | None:
    """The name of a column that is given by name or index."""
    return names[key] if isinstance(key, int) else key


def model_of(config: AnalysisConfig, schema: Schema, kept: str = "") -> tuple[Any, tuple[str, ...]]:
    """The model to call in place of the one that the configuration names, and its input columns.

    It is a server at an address, called as `predictor` says, whose answers are stored in the file `kept`; or a model in a file, which gets
    the columns that it was trained on. Errors: those of `predictor_of`, and `RequestError` for unsuitable columns.
    """
    model, columns = answering_model(config, kept, otherwise=config.model_columns(schema), known=schema.names)
    reject_unfit("predictor", columns, schema, isinstance(model, Predictor))
    names = tuple(map(str, config.predictor.label_headers or ())) if config.predictor else ()
    renamed = isinstance(model, Predictor) and len(names) == len(model.outputs)
    return (replace(model, outputs=names) if renamed else model), columns


def answering_model(
    config: AnalysisConfig, kept: str, otherwise: tuple[str, ...] | None = None, of_images: bool = False, **asked: Any
) -> tuple[Any, tuple[str, ...]]:
    """`verbs.model_from` for a configuration. A server is called as `predictor` says; `asked` supplies what it leaves open."""
    own, p = config.tilth.predictor, config.predictor
    more: dict[str, Any] = {k: v for k in OWN if (v := getattr(own, k)) is not None}
    if p is not None:
        asked = {"content_type": config.dataset_type, **asked}
        more |= {k: v for k in ASKED if (v := getattr(p, k)) is not None}
        several = p.label if isinstance(p.label, list) else []  # the labels of the scores
        more |= {"label_headers": tuple(p.label_headers or several), "label": None if several else p.label}
        more |= {"headers": tuple((name, v) for k, name in PASSED_ON.items() if (v := getattr(p, k)) is not None)}
    of_file = str(own.model), tuple(own.columns or ()), tuple(own.trusted or ())
    return verbs.model_from(*of_file, otherwise, of_images, kept=kept, **{**asked, **more})


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of a model for a table: a column of labels, the `rule` that made them in words, and the scores."""

    table: pa.Table
    rule: str
    warnings: tuple[Finding, ...] = ()


def with_predictions(
    data: Dataset, config: AnalysisConfig, model: Any, columns: tuple[str, ...], engine: Session
) -> tuple[Dataset, AnalysisConfig, Predictions]:
    """The table with a column of predicted labels, and the configuration that names it; the table is held in memory.

    One score for each row is compared with the threshold where the observed label has two values: above it, the label is 1, true, or the
    one of `label_headers`, else the favourable one. The highest of several scores counts. Labels and numbers are what the model says.
    Errors: `RequestError` where scores cannot become labels.
    """
    whole = to_arrow(data, engine)
    label = named(config.label, whole.column_names)
    observed = whole[label].drop_null() if label in whole.column_names else pa.array([])
    said = _said(model, whole.select(list(columns)), config, engine)
    headers = model.label_headers if isinstance(model, EndpointModel) else ()
    names = headers or (said[0].names if said else ())
    labels, rule = _labelled(said, pc.unique(observed).to_pylist(), config, names)
    name = PREDICTED if PREDICTED not in whole.column_names else f"{PREDICTED}_by_model"
    table = whole.append_column(name, _as(labels, observed.type))
    changed = config.model_copy(update={"predicted_label": name, "probability_threshold": None})
    shown = [*([own] if (own := named(config.joinsource_name_or_index, whole.column_names)) else []), name]
    made = pa.table([*table.select(shown).columns, *_scores(said)], [*shown, *_score_names(said, names)])
    outside = sum(not 0 <= x <= 1 for one in said for x in one.scores) if rule.startswith("scores") else 0
    message = f"{outside:,} scores of the model are not between 0 and 1: are they log-odds? The rule is: {rule}"
    warned = (warning("SCORES_OUTSIDE", message, measure="clarify"),) if outside else ()
    return Dataset(Memory(table, tuple(table.column_names)), data.roles), changed, Predictions(made, rule, warned)


def _said(model: Any, rows: pa.Table, config: AnalysisConfig, engine: Session) -> list[Said]:
    """The model's answer for each row; with a threshold, the score of the favourable (or last) class of a model file with two classes."""
    if isinstance(model, EndpointModel):
        return model.said(rows)
    if isinstance(model, Predictor) and config.probability_threshold is not None and len(model.outputs) == 2:
        favoured = [o for o in model.outputs if o in map(str, config.label_values_or_threshold)]
        name = favoured[0] if len(favoured) == 1 else model.outputs[1]
        numbers = model.numbers(np.stack([c.cast("float64").to_numpy() for c in rows.columns], axis=1))
        return [Said(None, (x,), (name,)) for x in numbers[:, model.outputs.index(name)].tolist()]
    found = predicted(model, rows, "prediction", engine)
    return [Said(x, (x,) if isinstance(x, float) else ()) for x in found.tolist()]


def _labelled(said: Sequence[Said], observed: Sequence[Any], config: AnalysisConfig, headers: Sequence[Any]) -> tuple[list[Any], str]:
    """The label of each row, and the rule in words. `observed` are the values of the label, `headers` the names of the scores."""
    one = said[0] if said else Said(None, ())
    if isinstance(one.label, tuple):
        return [best(row.label, row.scores) for row in said], "the label of the highest score"
    binary = 0 < len(observed) <= 2
    score = len(one.scores) == 1 and (binary or config.probability_threshold is not None)
    if one.label is not None and not (score and one.scores == (one.label,) and any(row.label not in observed for row in said)):
        return [row.label for row in said], "the label, or number, that the model says"
    if score:
        threshold = THRESHOLD if config.probability_threshold is None else config.probability_threshold
        positive, negative = _sides(observed, headers, config)
        rule = f"scores above {threshold:g} count as {positive!r}, others as {negative!r}"
        return [positive if row.scores[0] > threshold else negative for row in said], rule
    if len(one.scores) == 1:
        return [row.scores[0] for row in said], "the number that the model predicts"
    if len(headers) != len(one.scores):
        message = f"predictor.label_headers: {len(headers)} names for {len(one.scores)} scores of each row"
        raise RequestError(message, accepted="the label of each score", code="label-headers")
    return [best(headers, row.scores) for row in said], "the label of the highest score"


def _sides(observed: Sequence[Any], headers: Sequence[Any], config: AnalysisConfig) -> tuple[Any, Any]:
    """The label that a high score stands for, and the other one."""
    if set(observed) <= {0, 1}:
        kind = bool if any(isinstance(v, bool) for v in observed) else int
        return kind(1), kind(0)
    named = [v for v in observed if [str(v)] == list(map(str, headers))]
    found = named or [v for v in observed if str(v) in map(str, config.label_values_or_threshold)]
    if len(found) != 1:
        message = f"the configuration does not say which label a high score means; there are {listed(map(repr, observed))}"
        raise RequestError(message, hint='name it: "predictor": {"label_headers": ["…"]}', code="label-headers")
    return found[0], next((v for v in observed if v != found[0]), f"not {found[0]}")


def _as(labels: list[Any], kind: pa.DataType) -> pa.Array:
    """The labels as values of the type of the observed ones, if they can be."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array(list(map(str, labels)), kind)
    try:
        return pa.array(labels, None if pa.types.is_null(kind) else kind)
    except pa.ArrowException:
        return pa.array(labels)


def _scores(said: Sequence[Said]) -> list[list[float]]:
    """The scores, a list for each column."""
    return [list(column) for column in zip(*(row.scores for row in said), strict=True)]


def _score_names(said: Sequence[Said], names: Sequence[Any]) -> list[str]:
    width = len(said[0].scores) if said else 0
    return [f"score_{name}" for name in (names if len(names) == width else [f"label{i}" for i in range(width)])]
