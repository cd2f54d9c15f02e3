"""SageMaker's `ClarifyExplainerConfig`, as in `CreateEndpointConfig`: which predictions to explain, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tilth.aws.configuration import Part, configuration
from tilth.errors import RequestError
from tilth.measures.explain.units import LANGUAGES
from tilth.store.local import text_of
from tilth.validation import validated
from tilth.web.conditions import condition
from tilth.web.jmespath import path

NESTED = ("ExplainerConfig", "ClarifyExplainerConfig")  # keys that may contain the configuration


def _read_by(parse: Callable[[str], Any]) -> AfterValidator:
    """A validator that rejects strings which `parse` rejects."""

    def validate(text: str) -> str:
        try:
            parse(text)
        except RequestError as error:
            raise ValueError(error.mistakes[0].accepted) from None
        return text

    return AfterValidator(validate)


Condition = Annotated[str, Field(min_length=1, max_length=64), _read_by(condition)]
JmesPath = Annotated[str, Field(min_length=1, max_length=64), _read_by(path)]


class Inference(Part):
    """The model's input and output. Keys for requests to a container have no effect, because the stages are in the same process."""

    FeatureHeaders: list[str] | None = None
    FeatureTypes: list[Literal["numerical", "categorical", "text"]] | None = None
    ProbabilityIndex: Annotated[int, Field(ge=0)] | None = None
    ProbabilityAttribute: JmesPath | None = None
    LabelHeaders: list[str] | None = None
    LabelIndex: Any = None
    LabelAttribute: Any = None
    FeaturesAttribute: Any = None
    ContentTemplate: Any = None
    MaxPayloadInMB: Any = None
    MaxRecordCount: Any = None

    @model_validator(mode="after")
    def _one_place(self) -> Inference:
        if self.ProbabilityIndex is not None and self.ProbabilityAttribute is not None:
            raise ValueError("one of ProbabilityIndex, of CSV, and ProbabilityAttribute, of JSON Lines")
        return self


class Baseline(Part):
    """Rows whose values replace absent features."""

    MimeType: Literal["text/csv", "application/jsonlines"] = "text/csv"
    ShapBaseline: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    ShapBaselineUri: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Baseline:
        if (self.ShapBaseline is None) == (self.ShapBaselineUri is None):
            raise ValueError("exactly one of ShapBaseline and ShapBaselineUri")
        return self

    @property
    def body(self) -> bytes:
        """The rows as the body of a request. Errors: `RequestError` for a file that cannot be read."""
        return (self.ShapBaseline or text_of(self.ShapBaselineUri or "", "baseline")).encode()


class Text(Part):
    """The units into which texts are split."""

    Granularity: Literal["token", "sentence", "paragraph"]
    Language: Literal[tuple(LANGUAGES)]  # type: ignore[valid-type]  # mypy knows no computed literals


class ShapConfig(Part):
    """Kernel SHAP."""

    ShapBaselineConfig: Baseline
    NumberOfSamples: Annotated[int, Field(ge=1)] | None = None
    UseLogit: bool = False
    Seed: int = 0
    TextConfig: Text | None = None


class ExplainerConfig(Part):
    """The whole configuration. The condition `EnableExplanations` gets each record of the answer: a list for CSV, otherwise an object."""

    EnableExplanations: Condition = "`true`"
    InferenceConfig: Inference = Inference()
    ShapConfig: ShapConfig

    @model_validator(mode="after")
    def _units_of_texts(self) -> ExplainerConfig:
        if ("text" in (self.InferenceConfig.FeatureTypes or ())) != (self.ShapConfig.TextConfig is not None):
            raise ValueError("ShapConfig.TextConfig where InferenceConfig.FeatureTypes has text, and only there")
        return self

    @classmethod
    def load(cls, place: str) -> ExplainerConfig:
        """The configuration in a JSON file. Errors: `RequestError` with every mistake."""
        given = configuration(place)
        for key in NESTED:
            given = given[key] if isinstance(given, dict) and key in given else given
        return validated(cls, given)
