"""A SageMaker model card: its members, as pydantic models, and how one is read and written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tilth.errors import RequestError
from tilth.store.local import text_of
from tilth.validation import mistakes_of
from tilth.yaml import parse

Words: TypeAlias = Annotated[str, Field(max_length=1024)]
Long: TypeAlias = Annotated[str, Field(max_length=2048)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]
Axis: TypeAlias = Annotated[str, Field(max_length=63)]
MOST_CHARACTERS = 100_000  # of a card that SageMaker takes
POINTS = 20  # of a graph or a bar chart, and of each side of a matrix


class Part(BaseModel):
    """An object that rejects unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Number(Part):
    """A metric that is a number."""

    name: Name
    notes: Words | None = None
    type: Literal["number"]
    value: float


class String(Part):
    """A metric that is a word."""

    name: Name
    notes: Words | None = None
    type: Literal["string"]
    value: Axis


class Boolean(Part):
    """A metric that is true or false."""

    name: Name
    notes: Words | None = None
    type: Literal["boolean"]
    value: bool


class LinearGraph(Part):
    """A number over another one."""

    name: Name
    notes: Words | None = None
    type: Literal["linear_graph"]
    x_axis_name: Axis | None = None
    y_axis_name: Axis | None = None
    value: Annotated[list[Annotated[list[float], Field(min_length=2, max_length=2)]], Field(min_length=1, max_length=POINTS)]


class BarChart(Part):
    """A number per name."""

    name: Name
    notes: Words | None = None
    type: Literal["bar_chart"]
    x_axis_name: list[Axis] | None = None
    y_axis_name: Axis | None = None
    value: Annotated[list[float], Field(min_length=1, max_length=POINTS)]


class Matrix(Part):
    """Numbers in rows and columns, such as a confusion matrix."""

    name: Name
    notes: Words | None = None
    type: Literal["matrix"]
    x_axis_name: list[Axis] | None = None
    y_axis_name: list[Axis] | None = None
    value: Annotated[list[Annotated[list[float], Field(min_length=1, max_length=POINTS)]], Field(min_length=1, max_length=POINTS)]


Metric: TypeAlias = Annotated[Number | String | Boolean | LinearGraph | BarChart | Matrix, Field(discriminator="type")]


class MetricGroup(Part):
    """Metrics that belong together."""

    name: Name
    metric_data: list[Metric]


class Evaluation(Part):
    """What was found out about the model, or its data."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    evaluation_observation: Annotated[str, Field(max_length=2096)] | None = None
    evaluation_job_arn: Annotated[str, Field(max_length=256)] | None = None
    datasets: Annotated[list[Words], Field(max_length=10)] | None = None
    metadata: dict[str, Words] | None = None
    metric_groups: list[MetricGroup] | None = None


class Environment(Part):
    """Where the model runs."""

    container_image: Annotated[list[Words], Field(max_length=15)]


class Overview(Part):
    """Which model it is."""

    model_description: Words | None = None
    model_owner: Words | None = None
    model_creator: Words | None = None
    problem_type: str | None = None
    algorithm_type: Words | None = None
    model_id: Words | None = None
    model_artifact: Annotated[list[Words], Field(max_length=15)] | None = None
    model_name: Words | None = None
    model_version: Annotated[int, Field(ge=1)] | None = None
    inference_environment: Environment | None = None


class IntendedUses(Part):
    """What the model is for, and how much depends on it."""

    purpose_of_model: Long | None = None
    intended_uses: Long | None = None
    factors_affecting_model_efficiency: Long | None = None
    risk_rating: Literal["High", "Medium", "Low", "Unknown"] | None = None
    explanations_for_risk_rating: Long | None = None


class BusinessDetails(Part):
    """Whom the model serves."""

    business_problem: Long | None = None
    business_stakeholders: Long | None = None
    line_of_business: Long | None = None


class Objective(Part):
    """The quantity that training maximizes or minimizes."""

    function: Literal["Maximize", "Minimize"] | None = None
    facet: Axis | None = None
    condition: Axis | None = None


class ObjectiveFunction(Part):
    """The objective, and notes on it."""

    function: Objective | None = None
    notes: Words | None = None


class TrainingMetric(Part):
    """A number from training."""

    name: Name
    notes: Words | None = None
    value: float


class HyperParameter(Part):
    """A setting of training."""

    name: Name
    value: Name


class TrainingEnvironment(Part):
    """The container of training."""

    container_image: Annotated[list[Words], Field(max_length=15)]


class TrainingJob(Part):
    """The job that trained the model."""

    training_arn: Words | None = None
    training_datasets: Annotated[list[Words], Field(max_length=15)] | None = None
    training_environment: TrainingEnvironment | None = None
    training_metrics: Annotated[list[TrainingMetric], Field(max_length=50)] | None = None
    user_provided_training_metrics: Annotated[list[TrainingMetric], Field(max_length=50)] | None = None
    hyper_parameters: Annotated[list[HyperParameter], Field(max_length=100)] | None = None
    user_provided_hyper_parameters: Annotated[list[HyperParameter], Field(max_length=100)] | None = None


class TrainingDetails(Part):
    """How the model was trained."""

    objective_function: ObjectiveFunction | None = None
    training_observations: Words | None = None
    training_job_details: TrainingJob | None = None


class AdditionalInformation(Part):
    """Ethical considerations, caveats, and your own details."""

    ethical_considerations: Long | None = None
    caveats_and_recommendations: Long | None = None
    custom_details: dict[str, Words] | None = None


class ModelCard(Part):
    """The content of a model card. Every section may be left out; there are no others.

    Source: AWS, SageMaker AI developer guide, Model card JSON schema, version 0.1.0.
    """

    model_overview: Overview | None = None
    model_package_details: dict[str, Any] | None = None
    intended_uses: IntendedUses | None = None
    business_details: BusinessDetails | None = None
    training_details: TrainingDetails | None = None
    evaluation_details: list[Evaluation] | None = None
    additional_information: AdditionalInformation | None = None

    def to_json(self, package: bool = False) -> str:
        """The card as JSON in one line, without members that have no value.

        `package`: the form that is attached to a model package. It does not repeat which model it is, and its objective function has no
        notes.
        """
        made = self.model_dump(mode="json", exclude_none=True, exclude=OF_THE_PACKAGE if package else None)
        training = made.get("training_details", {})
        if package and "objective_function" in training:
            training["objective_function"] = training["objective_function"].get("function", {})
        return json.dumps(made, ensure_ascii=False)


OF_THE_PACKAGE: Any = {"model_package_details": True, "model_overview": {*Overview.model_fields} - {"model_creator", "model_artifact"}}
"""Members that a card attached to a model package does not have."""


def card_from(path: str | Path) -> ModelCard:
    """The card in a file of YAML or JSON, as you write it or as SageMaker's DescribeModelCard gives it, whose `Content` is the card.

    Errors: `RequestError` with every mistake, each with its line.
    """
    text = text_of(path, "model card")
    described = _described(text)
    document = parse(text if described is None else described, str(path))
    try:
        card = ModelCard.model_validate(document.value or {})
    except ValidationError as error:
        document.mistakes += [m.at(document.place(at)) for at, m in mistakes_of(error, document.value, ModelCard)]
    RequestError.reject(document.mistakes)
    return card


def _described(text: str) -> str | None:
    """The content of an answer of DescribeModelCard; None for another file."""
    if not re.match(r"\s*\{", text):
        return None
    try:
        content = json.loads(text).get("Content")
    except ValueError:
        return None
    return content if isinstance(content, str) else None
