"""SageMaker Clarify's `analysis_config.json`, read and checked as a whole.

The configuration is schema version 1.0 with one more key, `tilth`, for settings that Clarify does not have. All of it is checked, including
what this version does not compute, which is in `AnalysisConfig.left_out`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from tilth.aws.clarify import checks
from tilth.aws.clarify.checks import FORMATS, IMAGES, PREDICTED, PREDICTING
from tilth.aws.clarify.learner import learner_of
from tilth.aws.clarify.segments import segments
from tilth.aws.clarify.shape import (
    POST_TRAINING,
    PRE_TRAINING,
    FacetConfig,
    Methods,
    Name,
    Part,
    Predictor,
    Segment,
    Share,
    Tilth,
    TimeSeries,
    Values,
    Words,
)
from tilth.aws.configuration import configuration
from tilth.data import Column, Kind, Roles, Schema
from tilth.data.roles import CONTENT
from tilth.errors import ColumnError, Gap, Mistake, RequestError, unknown
from tilth.measures.bias import BIAS_METRICS, BiasRequest, Facet
from tilth.measures.bias.request import features_of
from tilth.measures.bias_variance.measure import BiasVarianceOfLearner
from tilth.metrics.content import content, feature_of
from tilth.validation import mistakes_of

VERSION = "1.0"


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
    def load(cls, path: str | Path, **predictor: Any) -> AnalysisConfig:
        """The configuration in a file, with keys of `tilth.predictor`, which says what model is asked, added or replaced.

        Errors: `RequestError` with every mistake, each with its key path.
        """
        given = configuration(path)
        match given:
            case {"tilth": {"predictor": dict(said)} as own}:
                return cls.of({**given, "tilth": {**own, "predictor": {**said, **predictor}}})
            case dict() if predictor and isinstance(own := given.get("tilth", {}), dict) and "predictor" not in own:
                return cls.of({**given, "tilth": {**own, "predictor": predictor}})
        return cls.of(given)

    @classmethod
    def of(cls, given: Any) -> AnalysisConfig:
        """The configuration in an object. Errors: `RequestError` with every mistake; `Gap` if nothing of it can be computed."""
        config = cls.checked(given)
        Gap.reject(checks.gaps(config))
        return config

    @classmethod
    def checked(cls, given: Any) -> AnalysisConfig:
        """The configuration in an object, which this version may not be able to run. Errors: `RequestError` with every mistake."""
        try:
            config = cls.model_validate(given)
        except ValidationError as error:
            wrong = dict(mistakes_of(error, given, cls))
            RequestError.reject([*wrong.values(), *checks.contradictions_beside(wrong, given, cls.model_validate)])
            raise
        RequestError.reject(checks.contradictions(config))
        _ = config.learner  # raises errors of the learner
        return config

    @property
    def left_out(self) -> tuple[str, ...]:
        """Messages about what this version does not compute."""
        return tuple(checks.left_out(self))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The requested bias metrics, in the order of the shelf."""
        asked = (*self.asked(PRE_TRAINING), *self.asked(POST_TRAINING))
        return tuple(m for m in BIAS_METRICS if m in asked)

    def asked(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """The requested bias metrics among those before, or after, training."""
        method = self.methods.pre_training_bias if known == PRE_TRAINING else self.methods.post_training_bias
        return () if method is None else known if method.methods == "all" else tuple(method.methods)

    @property
    def has_predictions(self) -> bool:
        """Whether there are predicted labels in a file."""
        return self.predicted_label is not None or self.predicted_label_dataset_uri is not None

    @property
    def has_predictor(self) -> bool:
        """Whether a model is given, here or at SageMaker."""
        return self.predictor is not None or self.tilth.predictor.model is not None

    @property
    def asks_model(self) -> tuple[str, ...]:
        """The methods that ask the model."""
        post = () if self.has_predictions else (PREDICTING,)
        return tuple(checks.given(self.methods, *post, "shap", "pdp", "asymmetric_shapley_value"))

    def without(self, *methods: str) -> AnalysisConfig:
        """The configuration without these methods."""
        left = dict.fromkeys(methods)
        return self.model_copy(update={"methods": self.methods.model_copy(update=left)})

    @property
    def learner(self) -> BiasVarianceOfLearner | None:
        """The measure `tilth.bias_variance`. Errors: `RequestError` with every mistake in its parameters."""
        return None if self.tilth.bias_variance is None else learner_of(self.tilth.bias_variance)

    @property
    def reading(self) -> dict[str, Any]:
        """The options for reading the dataset."""
        options = {"format": FORMATS[self.dataset_type], "names": self.headers}
        return {k: v for k, v in options.items() if v} | ({} if self.tilth.csv.header is None else {"header": self.tilth.csv.header})

    def reject_unknown(self, schema: Schema) -> None:
        """Reject unknown columns before a model is called. Errors: `ColumnError` with all unknown columns of the bias analysis."""
        made_later = PREDICTING in self.asks_model
        predicted = self.model_copy(update={"predicted_label": PREDICTED}) if made_later else self
        columns = (*schema.columns, Column(PREDICTED, Kind.STRING)) if made_later else schema.columns
        self._reject_unknown_features(schema, self.model_columns(schema))
        if self.metrics:
            asked = predicted.request(Schema(columns))
            made = content(asked.columns, Schema(columns), self.media(schema, Roles()))
            asked.check(Schema((*columns, *(Column(name, of.kind) for name in made if (of := feature_of(name))))))
        list(segments(self.segment_config, schema))

    def _reject_unknown_features(self, schema: Schema, known: tuple[str, ...]) -> None:
        wrong: list[Mistake] = []
        column = _columns(schema, wrong)
        asked: dict[str, Any] = {"pdp.features": self.methods.pdp and self.methods.pdp.features}
        asked["shap.features_to_explain"] = self.methods.shap and self.methods.shap.features_to_explain
        for path, keys in asked.items():
            found = [column(f"methods.{path}[{i}]", key) or "" for i, key in enumerate(keys or ())]
            wrong += unknown(filter(None, found), known, f"methods.{path}: there is no feature {{}}", "unknown-column")
        ColumnError.reject(wrong)

    def media(self, schema: Schema, roles: Roles) -> Roles:
        """The roles, with the column of texts or image paths whose features are facets.

        Errors: `ColumnError` for an index out of range.
        """
        wrong: list[Mistake] = []
        text = _columns(schema, wrong)("tilth.text_column", self.tilth.text_column)
        ColumnError.reject(wrong)
        if self.dataset_type == IMAGES or self.tilth.modality == "image":
            return replace(roles, image=(text or "path",))
        return roles if text is None else replace(roles, text=(text,))

    def model_columns(self, schema: Schema) -> tuple[str, ...]:
        """The columns that a model is given. Errors: `ColumnError` for every index out of range."""
        wrong: list[Mistake] = []
        found = self._model_columns(schema, _columns(schema, wrong))
        ColumnError.reject(wrong)
        return found

    def _model_columns(self, schema: Schema, column: Callable[[str, Name | None], str | None]) -> tuple[str, ...]:
        keys = ("label", "predicted_label", "joinsource_name_or_index")
        apart = [column(key, getattr(self, key)) for key in keys] + [column("tilth.weights", self.tilth.weights)]
        apart += [column(f"excluded_columns[{i}]", c) for i, c in enumerate(self.excluded_columns or ())]
        return tuple(n for n in schema.names if n not in apart)

    def request(self, schema: Schema) -> BiasRequest:
        """The bias request for a table. Errors: `ColumnError` for every index out of range."""
        wrong: list[Mistake] = []
        column = _columns(schema, wrong)
        features = self._model_columns(schema, column)
        post = any("prediction" in BIAS_METRICS[m].axes for m in self.metrics)
        label, group = column("label", self.label), column("group_variable", self.group_variable)
        prediction = column("predicted_label", self.predicted_label) if post else None
        weight = column("tilth.weights", self.tilth.weights)
        column("tilth.text_column", self.tilth.text_column)  # `media` reads it; its mistake is reported with the others
        facets = [(column(f"facet[{i}].name_or_index", f.name_or_index), f.value_or_threshold) for i, f in enumerate(self.facet)]
        crossed = [tuple(column(f"tilth.intersections[{i}]", c) or "" for c in of) for i, of in enumerate(self.tilth.intersections)]
        ColumnError.reject(wrong)
        scores = prediction in schema and schema[prediction].kind in (Kind.FLOAT, Kind.DECIMAL) if prediction is not None else False
        same = (
            "types",
            "clusters",
            "confidence",
            "bootstrap",
            "seed",
            "min_group_size",
            "verdicts",
            "max_combinations",
            "force_group",
            "show_private",
        )
        return BiasRequest(
            strata=tuple(self.tilth.strata),
            entropies=tuple(self.tilth.entropies),
            facets=(
                *(Facet(c or "", tuple(values)) for c, values in facets),
                *(Facet(f"{CONTENT}{f.feature}", tuple(f.value_or_threshold), f.quantiles or 4) for f in self.tilth.derived_facets),
            ),
            label=label,
            prediction=prediction,
            threshold=self.probability_threshold if scores else None,
            positive=tuple(self.label_values_or_threshold),
            group=group,
            metrics=self.metrics,
            features=features_of(features, self.media(schema, Roles()), schema),
            weight=weight,
            intersections=tuple(crossed),
            bands={m: (band[0], band[1]) for m, band in self.tilth.bands.items() if m in BIAS_METRICS},
            missing=self.tilth.missing_values,
            **{k: v for k in same if (v := getattr(self.tilth, k)) is not None},
        )


def _columns(schema: Schema, wrong: list[Mistake]) -> Callable[[str, Name | None], str | None]:
    """The function from a key's path and its value to the name of the column; an index out of range is added to `wrong`, once."""

    def column(path: str, key: Name | None) -> str | None:
        if not isinstance(key, int):
            return key
        if 0 <= key < len(schema.names):
            return schema.names[key]
        mistake = Mistake(f"{path}: there is no column {key}", accepted=f"0 to {len(schema.names) - 1}, or a name", code="unknown-column")
        wrong.extend([] if mistake in wrong else [mistake])
        return ""

    return column
