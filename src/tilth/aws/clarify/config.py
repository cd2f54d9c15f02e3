"""SageMaker Clarify's `analysis_config.json`, read and checked as a whole.

The configuration is schema version 1.0 with one more key, `tilth`, for settings that Clarify does not have. All of it is checked, including
what this version does not compute, which is in `AnalysisConfig.left_out`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from tilth.aws.clarify.learner import learner_of
from tilth.aws.clarify.shape import (
    POST_TRAINING,
    PRE_TRAINING,
    FacetConfig,
    Methods,
    Name,
    Part,
    Predictor,
    Segment,
    Shap,
    Share,
    Tilth,
    TimeSeries,
    Values,
    Words,
)
from tilth.aws.configuration import configuration
from tilth.data import Kind, Schema
from tilth.errors import ColumnError, Gap, Mistake, RequestError, did_you_mean, listed
from tilth.measures.bias import BIAS_METRICS, BiasRequest, Facet
from tilth.measures.bias_variance.measure import BiasVarianceOfLearner
from tilth.validation import validated

VERSION = "1.0"
FORMATS = {
    "text/csv": "csv",
    "application/x-parquet": "parquet",
    "application/jsonlines": "jsonl",
    "application/json": "json",
    "application/x-image": "",
    "application/sagemakercapturejson": "",
}
"""Dataset type → the format that reads it; empty if this version has none."""
LATER = ("modality", "text_column", "derived_facets", "skin_tone", "predictor", "model_card")
"""Keys of the `tilth` block that this version knows but does not support."""


class AnalysisConfig(Part):
    """A configuration that has been checked.

    >>> methods = {"pre_training_bias": {"methods": ["CI"]}}
    >>> AnalysisConfig.of({"dataset_type": "text/csv", "facet": [{"name_or_index": "sex"}], "methods": methods}).metrics
    ('CI',)
    """

    dataset_type: Annotated[str, Words(tuple(FORMATS))]
    methods: Methods
    version: Annotated[str, Words((VERSION,))] = VERSION
    dataset_uri: str | None = None
    headers: list[str] | None = None
    label: Name | None = None
    predicted_label: Name | None = None
    features: str | None = None
    label_values_or_threshold: Values = Field(default_factory=list)
    probability_threshold: Share | None = None
    facet: list[FacetConfig] = Field(default_factory=list)
    group_variable: Name | None = None
    facet_dataset_uri: str | None = None
    facet_headers: list[str] | None = None
    predicted_label_dataset_uri: str | None = None
    predicted_label_headers: list[str] | None = None
    joinsource_name_or_index: Name | None = None
    excluded_columns: list[Name] | None = None
    segment_config: list[Segment] = Field(default_factory=list)
    time_series_data_config: TimeSeries | None = None
    predictor: Predictor | None = None
    tilth: Tilth = Tilth()

    @classmethod
    def load(cls, path: str | Path) -> AnalysisConfig:
        """The configuration in a file. Errors: `RequestError` with every mistake, each with its key path."""
        return cls.of(configuration(path))

    @classmethod
    def of(cls, given: Any) -> AnalysisConfig:
        """The configuration in an object. Errors: `RequestError` with every mistake; `Gap` if nothing of it can be computed."""
        config = validated(cls, given)
        checks: Iterator[Check] = (c for of in (_of_bias, _of_columns, _of_predictor, _of_explanations, _of_data) for c in of(config))
        wrong = (Mistake(message, accepted="".join(accepted), code="contradiction") for wrong, message, *accepted in checks if wrong)
        RequestError.reject(wrong)
        _ = config.learner  # is checked where it is made
        if gaps := list(_gaps(config)):
            hint = "CSV, Parquet, JSON Lines and JSON can be read, and bias computed of labels and predicted labels in files"
            raise Gap(*gaps, hint=hint)
        return config

    @property
    def left_out(self) -> tuple[str, ...]:
        """What this version does not compute of it."""
        return tuple(_left_out(self))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The requested bias metrics that can be computed, in the order of the shelf."""
        asked = (*self._asked(PRE_TRAINING), *(self._asked(POST_TRAINING) if self.has_predictions else ()))
        return tuple(m for m in BIAS_METRICS if m in asked)

    def _asked(self, known: tuple[str, ...]) -> tuple[str, ...]:
        method = self.methods.pre_training_bias if known == PRE_TRAINING else self.methods.post_training_bias
        return () if method is None else known if method.methods == "all" else tuple(method.methods)

    @property
    def has_predictions(self) -> bool:
        """Whether there are predicted labels in a file."""
        return self.predicted_label is not None or self.predicted_label_dataset_uri is not None

    @property
    def has_predictor(self) -> bool:
        """Whether a model is given."""
        return self.predictor is not None or "predictor" in (self.tilth.model_extra or {})

    @property
    def learner(self) -> BiasVarianceOfLearner | None:
        """The measure `tilth.bias_variance`. Errors: `RequestError` with every mistake in its parameters."""
        return None if self.tilth.bias_variance is None else learner_of(self.tilth.bias_variance)

    @property
    def reading(self) -> dict[str, Any]:
        """The options for reading the dataset."""
        options = {"format": FORMATS[self.dataset_type], "names": self.headers}
        return {k: v for k, v in options.items() if v} | ({} if self.tilth.csv.header is None else {"header": self.tilth.csv.header})

    def request(self, schema: Schema) -> BiasRequest:
        """The bias request for a table. Errors: `ColumnError` for every index out of range."""
        wrong: list[Mistake] = []

        def column(path: str, key: Name | None) -> str | None:
            if not isinstance(key, int):
                return key
            if 0 <= key < len(schema.names):
                return schema.names[key]
            accepted = f"0 to {len(schema.names) - 1}, or a name"
            wrong.append(Mistake(f"{path}: there is no column {key}", accepted=accepted, code="unknown-column"))
            return ""

        post = any("prediction" in BIAS_METRICS[m].axes for m in self.metrics)
        label, group = column("label", self.label), column("group_variable", self.group_variable)
        prediction = column("predicted_label", self.predicted_label) if post else None
        weight = column("tilth.weights", self.tilth.weights)
        facets = [(column(f"facet[{i}].name_or_index", f.name_or_index), f.value_or_threshold) for i, f in enumerate(self.facet)]
        apart = [column("joinsource_name_or_index", self.joinsource_name_or_index)]
        apart += [column(f"excluded_columns[{i}]", c) for i, c in enumerate(self.excluded_columns or ())]
        crossed = [tuple(column(f"tilth.intersections[{i}]", c) or "" for c in of) for i, of in enumerate(self.tilth.intersections)]
        ColumnError.reject(wrong)
        scores = prediction in schema and schema[prediction].kind in (Kind.FLOAT, Kind.DECIMAL) if prediction is not None else False
        same = ("types", "confidence", "bootstrap", "seed", "min_group_size", "verdicts", "max_combinations", "force_group", "show_private")
        return BiasRequest(
            strata=tuple(self.tilth.strata),
            facets=tuple(Facet(c or "", tuple(values)) for c, values in facets),
            label=label,
            prediction=prediction,
            threshold=self.probability_threshold if scores else None,
            positive=tuple(self.label_values_or_threshold),
            group=group,
            metrics=self.metrics,
            features=tuple(n for n in schema.names if n not in (label, column("predicted_label", self.predicted_label), weight, *apart)),
            weight=weight,
            intersections=tuple(crossed),
            bands={m: (band[0], band[1]) for m, band in self.tilth.bands.items() if m in BIAS_METRICS},
            missing=self.tilth.missing_values,  # type: ignore[arg-type]  # one of the words of `MissingPolicy`
            **{k: v for k in same if (v := getattr(self.tilth, k)) is not None},
        )


# ── contradictions: checked once every value has its shape ──

Check = tuple[Any, str] | tuple[Any, str, str]  # condition, message, accepted


def _given(part: Any, *keys: str, within: str = "") -> list[str]:
    """The keys that are given."""
    return [f"{within}{k}" for k in keys if getattr(part, k) is not None]


def _exclusive(part: Any, path: str, *keys: str) -> Check:
    """Two keys of which one only may be given."""
    return len(_given(part, *keys)) == 2, f"{path}: {' and '.join(keys)} exclude each other"


def _of_bias(c: AnalysisConfig) -> Iterator[Check]:
    yield not c.methods.model_fields_set, "methods: one method or more is needed", "pre_training_bias, post_training_bias, shap, pdp …"
    asked = _given(c.methods, "pre_training_bias", "post_training_bias", within="methods.")
    post = c.methods.post_training_bias is not None
    labelled = asked and (post or c._asked(PRE_TRAINING) != ("CI",))
    needed = {"facet": asked and not c.facet and not c.tilth.intersections, "label": labelled and c.label is None}
    needed["label_values_or_threshold"] = labelled and not c.label_values_or_threshold
    yield from ((wrong, f"{key}: this is needed by {listed(asked[:1])}") for key, wrong in needed.items())
    yield c.tilth.bias_variance is not None and c.label is None, "label: this is needed by tilth.bias_variance"
    accepted = "predicted_label, predicted_label_dataset_uri, or predictor"
    predicted = c.has_predictor or _given(c, "predicted_label", "predicted_label_dataset_uri")
    yield post and not predicted, "methods.post_training_bias: predictions are needed", accepted


def _of_columns(c: AnalysisConfig) -> Iterator[Check]:
    names = c.headers or []

    def column(key: Name | None) -> Name | None:
        return names[key] if isinstance(key, int) and 0 <= key < len(names) else key

    facets = [(column(f.name_or_index), f.value_or_threshold) for f in c.facet]
    for i, (name, values) in enumerate(facets):
        yield (name, values) in facets[:i], f"facet[{i}]: {name!r} is given twice with the same values"
        yield name == column(c.label) and c.facet_dataset_uri is None, f"facet[{i}]: the label {name!r} cannot be a facet"
        yield name == column(c.group_variable), f"facet[{i}]: {name!r} is the group variable"
    doubled = sorted({n for n in names if names.count(n) > 1})
    yield doubled, f"headers: {listed(doubled)} is given twice"
    for i, segment in enumerate(c.segment_config):
        n, aliases = len(segment.segments), segment.display_aliases
        accepted = f"{n} or {n + 1} strings: one for each segment, and one for the rest"
        wrong = aliases is not None and len(aliases) not in (n, n + 1)
        yield wrong, f"segment_config[{i}].display_aliases: found {len(aliases or ())}", accepted


def _of_predictor(c: AnalysisConfig) -> Iterator[Check]:
    needing = _given(c.methods, "shap", "pdp", "asymmetric_shapley_value", within="methods.")
    yield needing and not c.has_predictor, f"predictor: this is needed by {listed(needing)}"
    p = c.predictor
    if p is None:
        return
    model = _given(p, "model_name", "initial_instance_count", "instance_type")
    accepted = "endpoint_name; or model_name, initial_instance_count and instance_type"
    yield p.endpoint_name is None and len(model) < 3, "predictor: no model is given", accepted
    yield p.endpoint_name and model, f"predictor: endpoint_name and {listed(model)} exclude each other"
    yield _exclusive(p, "predictor", "endpoint_name", "endpoint_name_prefix")
    yield isinstance(p.label, list) and p.probability is None, "predictor.probability: this is needed where predictor.label is a list"
    content, template, record = p.content_type or c.dataset_type, p.content_template or "", p.record_template or ""
    yield content == "application/x-parquet", "predictor.content_type: this is needed for Parquet"
    lines, json_ = content == "application/jsonlines", content == "application/json" and c.time_series_data_config is None
    shown = f"predictor.content_template: found {json.dumps(p.content_template)}"
    yield lines and template.count("$features") != 1, shown, "a string with exactly one $features, for JSON Lines"
    yield json_ and "$record" not in template, shown, "a string with $record or $records, for JSON"
    shown = f"predictor.record_template: found {json.dumps(p.record_template)}"
    yield json_ and "$features" not in record and "${" not in record, shown, "a string with $features, $features_kvp or ${name}, for JSON"


def _of_explanations(c: AnalysisConfig) -> Iterator[Check]:
    shap, pdp, series = c.methods.shap or Shap(), c.methods.pdp, c.methods.asymmetric_shapley_value
    yield _exclusive(shap, "methods.shap", "baseline", "num_clusters")
    not_tabular = shap.features_to_explain is not None and (shap.text_config or shap.image_config)
    yield not_tabular, "methods.shap: features_to_explain is for tabular data, without text_config and image_config"
    nothing = pdp is not None and pdp.features is None and c.methods.shap is None
    yield nothing, "methods.pdp.features: this is needed without methods.shap"
    if series is not None and series.model_fields_set:
        fine, path = series.granularity == "fine_grained", "methods.asymmetric_shapley_value"
        samples = fine != (series.num_samples is not None)
        yield samples, f"{path}.num_samples: needed for granularity fine_grained, and only there"
        accepted = "chronological, where granularity is fine_grained"
        yield fine and series.direction != "chronological", f"{path}.direction: found {series.direction!r}", accepted


def _of_data(c: AnalysisConfig) -> Iterator[Check]:
    parts = {
        "time_series_data_config": c.time_series_data_config,
        "methods.asymmetric_shapley_value": c.methods.asymmetric_shapley_value,
        "predictor.time_series_predictor_config": c.predictor and c.predictor.time_series_predictor_config,
    }
    absent = [name for name, part in parts.items() if part is None]
    series = len(absent) < len(parts)
    yield series and absent, f"{listed(absent)}: time series need all of {listed(parts)}"
    wrong = series and c.dataset_type != "application/json"
    yield wrong, f"dataset_type: found {json.dumps(c.dataset_type)}", "application/json, for time series"
    excluded = _given(c.methods, "pre_training_bias", "post_training_bias", "report", within="methods.") + _given(c, "excluded_columns")
    yield series and excluded, f"{listed(excluded)}: not for time series"
    apart = _given(c, "facet_dataset_uri", "predicted_label_dataset_uri")
    yield apart and c.dataset_type != "text/csv", f"{listed(apart)}: separate datasets are for text/csv only"
    lists = c.dataset_type in ("application/jsonlines", "application/json") and c.time_series_data_config is None
    yield lists and c.features is None, f"features: this is needed for {c.dataset_type}"
    yield c.dataset_type == "application/x-image" and c.excluded_columns is not None, "excluded_columns: not for images"


# ── what this version does not compute ──


def _gaps(c: AnalysisConfig) -> Iterator[str]:
    if not c.metrics:
        asked = listed([f"methods.{m}" for m in c.methods.model_fields_set])
        yield f"{asked} is not supported in this version: of Clarify's methods it computes bias, of labels and predicted labels in the data"
    if not FORMATS[c.dataset_type]:
        yield f"dataset_type: data of type {c.dataset_type} cannot be read in this version"
    if (c.tilth.model_extra or {}).get("derived_facets"):
        yield "tilth.derived_facets: facets derived from text and images are not supported in this version"


def _left_out(c: AnalysisConfig) -> Iterator[str]:
    for m in c.methods.model_fields_set - {"pre_training_bias", "post_training_bias", "report"}:
        yield f"methods.{m} is not computed in this version; its section is absent from analysis.json"
    if c.methods.post_training_bias is not None and not c.has_predictions:
        yield "methods.post_training_bias needs predicted labels in this version: make them by the step predict, and name their column"
    if c.methods.report is not None:
        yield "methods.report: the report is written as HTML, not as a notebook or PDF"
    for key in c.tilth.model_extra or {}:
        if key in LATER:
            yield f"tilth.{key} is not supported in this version"
        else:
            hint = did_you_mean(key, (*Tilth.model_fields, *LATER))
            yield f"tilth.{key}: this key is not known{f'; {hint}' if hint else ''}"
