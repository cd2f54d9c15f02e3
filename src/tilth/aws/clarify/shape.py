"""The parts of an `analysis_config.json`, as pydantic models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, field_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from tilth.aws import configuration
from tilth.measures.bias.metrics import of_stage
from tilth.measures.bias.request import MissingPolicy
from tilth.measures.explain.forecasts import Direction, Granularity

PRE_TRAINING = of_stage("pre_training")
POST_TRAINING = of_stage("post_training")


@dataclass(frozen=True)
class Words:
    """A string that is one of these words, case-insensitively."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._known, core_schema.literal_schema(list(self.words)))

    def _known(self, value: Any) -> Any:
        return next((w for w in self.words if isinstance(value, str) and w.lower() == value.lower()), value)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Name = str | int  # a column's name, or its index from 0
Values = Annotated[list[str | int | float | bool], BeforeValidator(_listed)]
Positive = Annotated[int, Field(ge=1)]
Band = Annotated[list[float], Field(min_length=2, max_length=2)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(configuration.Part):
    """An object that does not accept null as a value."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("null", "null")
        return value


class PreTraining(Part):
    """Bias in labels."""

    methods: Annotated[str, Words(("all",))] | Annotated[list[Annotated[str, Words(PRE_TRAINING)]], Field(min_length=1)]


class PostTraining(Part):
    """Bias in predicted labels."""

    methods: Annotated[str, Words(("all",))] | Annotated[list[Annotated[str, Words(POST_TRAINING)]], Field(min_length=1)]


class TextConfig(Part):
    """Explanations of text columns."""

    granularity: Annotated[str, Words(("token", "sentence", "paragraph"))]
    language: str
    max_top_tokens: Positive | None = None


class ImageDebug(Part):
    """Which images to explain, for debugging."""

    image_names: list[str] | None = None
    class_ids: list[int] | None = None
    sample_from: int | None = None
    sample_to: int | None = None


class ImageConfig(Part):
    """Explanations of images."""

    model_type: Annotated[str, Words(("IMAGE_CLASSIFICATION", "OBJECT_DETECTION"))]
    num_segments: Positive | None = None
    segment_compactness: float | None = None
    feature_extraction_method: Annotated[str, Words(("segmentation",))] | None = None
    max_objects: Positive | None = None
    iou_threshold: Share | None = None
    context: Share | None = None
    debug: ImageDebug | None = None


class Shap(Part):
    """Kernel SHAP."""

    baseline: str | list[Any] | dict[str, Any] | None = None
    num_clusters: Positive | None = None
    num_samples: Positive | None = None
    agg_method: Annotated[str, Words(("mean_abs", "mean_sq", "median"))] | None = None
    use_logit: bool | None = None
    save_local_shap_values: bool | None = None
    seed: int | None = None
    features_to_explain: list[Name] | None = None
    text_config: TextConfig | None = None
    image_config: ImageConfig | None = None


class Pdp(Part):
    """Partial dependence."""

    grid_resolution: Positive
    features: list[Name] | None = None
    top_k_features: Positive | None = None


class ShapleyOfSeries(Part):
    """Asymmetric Shapley values of time series."""

    direction: Annotated[Direction, Words(get_args(Direction))] = "chronological"
    granularity: Annotated[Granularity, Words(get_args(Granularity))] = "timewise"
    num_samples: Positive | None = None
    baseline: str | dict[str, Any] | None = None


class ReportName(Part):
    """The report: the name of its files, without suffix, and its title."""

    name: Annotated[str, Field(pattern=r"^\w[^/\\]*$", max_length=200)] | None = None
    title: str | None = None


class Methods(Part):
    """What to compute."""

    pre_training_bias: PreTraining | None = None
    post_training_bias: PostTraining | None = None
    shap: Shap | None = None
    pdp: Pdp | None = None
    asymmetric_shapley_value: ShapleyOfSeries | None = None
    report: ReportName | None = None


class Forecast(Part):
    """Where the forecast is in a response."""

    forecast: str


class Predictor(Part):
    """The model that predicts."""

    model_name: str | None = None
    initial_instance_count: Positive | None = None
    instance_type: str | None = None
    endpoint_name: str | None = None
    endpoint_name_prefix: Annotated[str, Field(max_length=23, pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")] | None = None
    target_model: str | None = None
    custom_attributes: Annotated[str, Field(max_length=1024, pattern=r"^[\x20-\x7e]*$")] | None = None
    accelerator_type: str | None = None
    content_type: (
        Annotated[str, Words(("text/csv", "application/jsonlines", "application/json", "image/jpeg", "image/png", "application/x-npy"))]
        | None
    ) = None
    accept_type: Annotated[str, Words(("text/csv", "application/jsonlines", "application/json"))] | None = None
    content_template: str | None = None
    record_template: str | None = None
    label: Name | list[Name] | None = None
    probability: Name | None = None
    label_headers: list[Name] | None = None
    time_series_predictor_config: Forecast | None = None


class FacetConfig(Part):
    """A facet, and its values or threshold."""

    name_or_index: Name
    value_or_threshold: Values = Field(default_factory=list)


class Segment(Part):
    """Segments of the data."""

    name_or_index: Name
    segments: list[list[str | int | float | bool]]
    config_name: str | None = None
    display_aliases: list[str] | None = None


class TimeSeries(Part):
    """The columns of time series."""

    target_time_series: Name
    item_id: Name
    timestamp: Name
    related_time_series: list[Name] | None = None
    static_covariates: list[Name] | None = None
    dataset_format: Annotated[str, Words(("columns", "item_records", "timestamp_records"))] | None = None


class Csv(Part):
    """How CSV is read."""

    model_config = ConfigDict(extra="allow")
    header: bool | None = None


class Asked(Part):
    """The model that answers for the one that Clarify would ask, and how it is asked."""

    model: str | None = None
    columns: list[str] | None = None
    trusted: list[str] | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None
    retries: Annotated[int, Field(ge=0, le=20)] | None = None
    most_seconds: Annotated[float, Field(gt=0)] | None = None
    batch_rows: Positive | None = None
    concurrency: Annotated[int, Field(ge=1, le=100)] | None = None
    save_predictions: bool = False


class OwnShap(Part):
    """How many rows are explained, and how many may be predicted for that."""

    rows: Positive | None = None
    most_predictions: Positive | None = None


class DerivedFacet(Part):
    """A facet that is computed of each text, and its values, threshold, or number of groups of about equal size."""

    feature: str
    value_or_threshold: Values = Field(default_factory=list)
    quantiles: Annotated[int, Field(ge=2)] | None = None


class Tilth(Part):
    """Settings that Clarify does not have."""

    model_config = ConfigDict(extra="allow")
    missing_values: Annotated[MissingPolicy, Words(get_args(MissingPolicy))] = "exclude"
    types: dict[str, Any] | None = None
    confidence: float | None = None
    bootstrap: int | None = None
    seed: int | None = None
    min_group_size: int | None = None
    verdicts: bool | None = None
    bands: dict[Annotated[str, Words((*PRE_TRAINING, *POST_TRAINING))], Band] = Field(default_factory=dict)
    intersections: list[Annotated[list[Name], Field(min_length=2)]] = Field(default_factory=list)
    max_combinations: int | None = None
    strata: list[str] = Field(default_factory=list)
    entropies: list[float] = Field(default_factory=list)
    clusters: str | None = None
    weights: Name | None = None
    force_group: bool | None = None
    show_private: bool | None = None
    bias_variance: dict[str, Any] | None = None
    engine: Annotated[str, Words(("duckdb", "spark"))] | None = None
    csv: Csv = Csv()
    predictor: Asked = Asked()
    shap: OwnShap = OwnShap()
    modality: Annotated[str, Words(("tabular", "text", "image"))] | None = None
    text_column: Name | None = None
    derived_facets: list[DerivedFacet] = Field(default_factory=list)
