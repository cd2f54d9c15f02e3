"""Writes a configuration with Tilth's additions as one that SageMaker Clarify accepts, and lists what it does not carry over."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tilth.aws.clarify.checks import CAPTURES, IMAGES, PREDICTING, contradictions
from tilth.aws.clarify.comparison import WITH_MISSING
from tilth.aws.clarify.config import AnalysisConfig
from tilth.data.roles import CONTENT
from tilth.errors import RequestError
from tilth.measures.bias.values import Interval
from tilth.store.places import write_text

OF_COLUMNS = "Clarify measures the bias of columns, not of the content of texts and images"
LOST = {
    "types": "Clarify decides by the values of a column whether it is continuous",
    **dict.fromkeys(("confidence", "bootstrap", "min_group_size", "verdicts", "bands", "clusters"), "Clarify has no intervals or verdicts"),
    "intersections": "Clarify analyses facets one by one; make a column of the combinations",
    "strata": "Clarify has one group variable, group_variable",
    "entropies": "Clarify has the order 2 only",
    "weights": "Clarify counts rows",
    "bias_variance": "Clarify does not train models",
    "derived_facets": OF_COLUMNS,
    "csv": "Clarify detects the header of a CSV file itself",
    "shap": "Clarify explains every row",
}
"""Keys of the `tilth` block that change what is measured, and why Clarify has no counterpart. Clarify has no use for the others."""
PLACES = ("dataset_uri", "facet_dataset_uri", "predicted_label_dataset_uri")


@dataclass(frozen=True)
class Key:
    """A key of the configuration; the reason if it is not carried over, or a note on how Clarify reads it or it was changed."""

    source: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, repr=False)
class ClarifyConfig:
    """A configuration for Clarify: `content` is its JSON object, `str()` its text. `left_out` is what is lost, `notes` what differs."""

    noun: ClassVar[str] = "key"

    content: dict[str, Any]
    items: tuple[Key, ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        """The keys that are not carried over, and those that Clarify would reject, with the reasons."""
        return tuple(f"{item.source}: {item.reason}" for item in self.items if item.reason)

    @property
    def notes(self) -> tuple[str, ...]:
        """What Clarify reads differently, and what was changed for it."""
        return tuple(f"{item.source}: {item.note}" for item in self.items if item.note)

    def __str__(self) -> str:
        return json.dumps(self.content, indent=2, ensure_ascii=False) + "\n"

    __repr__ = __str__

    def save(self, path: str | Path) -> Path:
        """Write the configuration to a file. Errors: `RequestError` for a place that is not called NAME.json."""
        if Path(path).suffix != ".json":
            message = f"a configuration of SageMaker Clarify cannot be written to {str(path)!r}"
            raise RequestError(message, accepted="a place called NAME.json", code="bad-suffix")
        return write_text(path, str(self))


def for_clarify(given: Any) -> ClarifyConfig:
    """The configuration without what Clarify does not know: the key `tilth`, facets of content, values that are intervals.

    What Clarify would reject in the rest, such as a missing endpoint, is in `left_out` too.

    Errors: `RequestError` with every mistake in the configuration, and if it has no method for Clarify.

    >>> given = {"dataset_type": "text/csv", "label": "paid", "label_values_or_threshold": True, "facet": [{"name_or_index": "sex"}]}
    >>> made = for_clarify({**given, "methods": {"pre_training_bias": {"methods": "all"}}, "tilth": {"verdicts": True}})
    >>> made.content["label_values_or_threshold"], made.left_out
    ([1], ('tilth.verdicts: Clarify has no intervals or verdicts',))
    """
    config = AnalysisConfig.checked(given)
    read = config.model_dump(mode="json", exclude_unset=True)
    content, own = {key: read[key] for key in given if key != "tilth"}, read.get("tilth", {})
    said = [Key(f"tilth.{key}", LOST[key]) for key in own if key in LOST]
    said += [*_data(config, content), *_values(content)]
    said += [] if own.get("missing_values") == "clarify" else [Key("missing values", note=WITH_MISSING)]
    if "weights" in own and config.asks_model:
        content["excluded_columns"] = [*content.get("excluded_columns", ()), own["weights"]]
        said.append(Key("excluded_columns", note=f"has {own['weights']!r} too, because the model does not get the weights"))
    if not {*content["methods"]} - {"report"}:
        raise RequestError(
            "the configuration has nothing for Clarify", hint="; ".join(k.reason for k in said if k.reason), code="nothing-left"
        )
    for mistake in contradictions(AnalysisConfig.model_validate(content)):
        source, _, reason = mistake.message.partition(": ")
        said.append(Key(source, f"{reason}{f'; give {mistake.accepted}' if mistake.accepted else ''}"))
    told = {key.source for key in said}
    others = (Key(name) for name in (*content, *(f"tilth.{key}" for key in own)) if name not in told)
    return ClarifyConfig(content, (*said, *others))


def _data(config: AnalysisConfig, content: dict[str, Any]) -> Iterator[Key]:
    """Where the data is; methods that Clarify does not have for it are removed."""
    if config.dataset_type == IMAGES:
        for method in ("pre_training_bias", PREDICTING):
            if content["methods"].pop(method, None):
                yield Key(f"methods.{method}", OF_COLUMNS)
    if config.dataset_type == CAPTURES:
        yield Key("dataset_type", "Clarify's jobs do not read files of data capture")
    places = {key: content.get(key) for key in PLACES} | {"methods.shap.baseline": content["methods"].get("shap", {}).get("baseline")}
    for key, place in places.items():
        if isinstance(place, str) and not place.startswith("s3://"):
            yield Key(key, note=f"Clarify reads from S3: upload {place!r}, and give s3://BUCKET/PATH")


def _values(content: dict[str, Any]) -> Iterator[Key]:
    """Facets, groups and their values; those that Clarify does not have are removed."""
    facets = []
    for i, facet in enumerate(content.get("facet", ())):
        name, values = facet["name_or_index"], facet.get("value_or_threshold", [])
        kept = yield from _kept(f"facet[{i}].value_or_threshold", values)
        if str(name).startswith(CONTENT):
            yield Key(f"facet[{i}]", OF_COLUMNS)
        elif kept or not values:
            facets.append({**facet, "value_or_threshold": kept} if kept else facet)
    if "facet" in content:
        content["facet"] = facets
    if "label_values_or_threshold" in content:
        content["label_values_or_threshold"] = yield from _kept("label_values_or_threshold", content["label_values_or_threshold"])
    if str(content.get("group_variable", "")).startswith(CONTENT):
        del content["group_variable"]
        yield Key("group_variable", OF_COLUMNS)


def _kept(source: str, values: list[Any]) -> Generator[Key, None, list[Any]]:
    """The values that Clarify knows, with 1 and 0 for true and false, which its schema rejects and its library compares so."""
    for value in values:
        if Interval.parsed(value):
            yield Key(source, f"Clarify has thresholds, not intervals such as {value!r}")
    if any(isinstance(value, bool) for value in values):
        yield Key(source, note="true and false are written as 1 and 0, which Clarify matches with a column of booleans")
    return [int(value) if isinstance(value, bool) else value for value in values if not Interval.parsed(value)]
