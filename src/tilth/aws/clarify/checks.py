"""Checks a configuration with valid values for contradictions, and for parts that this version does not compute."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tilth.aws.clarify.shape import PRE_TRAINING, Name, Predictor, Shap, Tilth
from tilth.errors import Mistake, RequestError, did_you_mean, listed
from tilth.measures.explain.units import TextConfig
from tilth.report.files import has_pdf
from tilth.validation import Path
from tilth.web.jmespath import path

if TYPE_CHECKING:
    from tilth.aws.clarify.config import AnalysisConfig

FORMATS = {
    "text/csv": "csv",
    "application/x-parquet": "parquet",
    "application/jsonlines": "jsonl",
    "application/json": "json",
    "application/x-image": "image_folder",
    "application/sagemakercapturejson": "jsonl",
}
"""Dataset type → the format that reads it."""
CAPTURES = "application/sagemakercapturejson"
IMAGES, SENT = "application/x-image", ("image/jpeg", "image/png", "application/x-npy")
LATER = {
    "skin_tone": "is not read: measure the facet @skin_tone:MEMBER of an augmented manifest that is read with objects=MEMBER",
    "model_card": "is not read: tilth card FOLDER makes a model card of what this writes, and --details FILE adds what only you know",
}
"""Keys of the `tilth` block that this version knows but does not use, and what to do instead."""
PREDICTED = "predicted_label"  # the name of predictions, unless the configuration has another
PREDICTING = "post_training_bias"  # the method that needs predictions
JSONS = ("application/json", "application/jsonlines")
ELSEWHERE = '--model http://HOST/PATH or --model FILE, or "tilth": {"predictor": {"model": "…"}}'

Check = tuple[Any, str] | tuple[Any, str, str]  # condition, message, accepted


def contradictions(c: AnalysisConfig) -> Iterator[Mistake]:
    """Every contradiction, with its key path."""
    checks: Iterator[Check] = (check for of in (_of_bias, _of_columns, _of_predictor, _of_explanations, _of_data) for check in of(c))
    for wrong, message, *accepted in checks:
        if wrong:
            yield Mistake(message, accepted="".join(accepted), code="contradiction")


def contradictions_beside(wrong: Iterable[Path], given: Any, read: Callable[[Any], AnalysisConfig]) -> list[Mistake]:
    """Contradictions in a configuration that has wrong values at these paths: it is checked without them, if it can be read then.

    Contradictions that name one of these paths, or a key above or below it, are left out.
    """
    rest = copy.deepcopy(given)
    for where in sorted(wrong, key=lambda where: [f"{key:09}" if isinstance(key, int) else key for key in where], reverse=True):
        _remove(rest, where)
    try:
        found = contradictions(read(rest))
    except (ValidationError, RequestError):
        return []
    names = [".".join(key for key in where if isinstance(key, str)) for where in wrong]
    return [m for m in found if not any(_related(m, name) for name in names)]


def _remove(at: Any, where: Path) -> None:
    """Remove the value at a path; if it is missing, remove its container. It may have been removed with another value."""
    inside, key = None, where[0] if where else ""
    with suppress(KeyError, IndexError, TypeError):
        for k in where[:-1]:
            inside, key, at = at, k, at[k]
        if inside is not None and isinstance(at, dict) and where[-1] not in at:
            del inside[key]
        elif where:
            del at[where[-1]]


def _related(m: Mistake, name: str) -> bool:
    key = re.sub(r"\[\d+\]", "", m.message.partition(":")[0])
    return key.startswith(name) or name.startswith(key) or name.partition(".")[0] in (m.accepted or "")


def given(part: Any, *keys: str, within: str = "") -> list[str]:
    """The keys of a part of a configuration that are given."""
    return [f"{within}{k}" for k in keys if getattr(part, k) is not None]


def _exclusive(part: Any, path: str, *keys: str) -> Check:
    """Reject two keys that exclude each other."""
    return len(given(part, *keys)) == 2, f"{path}: {' and '.join(keys)} exclude each other"


def _of_bias(c: AnalysisConfig) -> Iterator[Check]:
    yield not c.methods.model_fields_set, "methods: one method or more is needed", "pre_training_bias, post_training_bias, shap, pdp …"
    asked = given(c.methods, "pre_training_bias", "post_training_bias", within="methods.")
    post = c.methods.post_training_bias is not None
    labelled = asked and (post or c.asked(PRE_TRAINING) != ("CI",))
    needed = {"facet": asked and not (c.facet or c.tilth.intersections or c.tilth.derived_facets), "label": labelled and c.label is None}
    needed["label_values_or_threshold"] = labelled and not c.label_values_or_threshold
    yield from ((wrong, f"{key}: this is needed by {listed(asked[:1])}") for key, wrong in needed.items())
    yield c.tilth.bias_variance is not None and c.label is None, "label: this is needed by tilth.bias_variance"
    yield (
        c.tilth.bias_variance is not None and not asked,
        "tilth.bias_variance: this is measured beside bias only",
        "methods.pre_training_bias",
    )
    yield c.tilth.entropies and "GE" not in c.metrics, "tilth.entropies: this needs GE", '"post_training_bias": {"methods": ["GE"]}'
    accepted = "predicted_label, predicted_label_dataset_uri, or predictor"
    predicted = c.has_predictor or given(c, "predicted_label", "predicted_label_dataset_uri")
    yield post and not predicted, "methods.post_training_bias: predictions are needed", accepted


def _of_columns(c: AnalysisConfig) -> Iterator[Check]:
    names = c.headers or []

    def column(key: Name | None) -> Name | None:
        return names[key] if isinstance(key, int) and 0 <= key < len(names) else key

    apart = c.facet_dataset_uri is not None or c.dataset_type == CAPTURES  # where an index of the label is not one of the features
    facets = [(column(f.name_or_index), f.value_or_threshold) for f in c.facet]
    for i, (name, values) in enumerate(facets):
        yield (name, values) in facets[:i], f"facet[{i}]: {name!r} is given twice with the same values"
        yield name == column(c.label) and not apart, f"facet[{i}]: the label {name!r} cannot be a facet"
        yield name == column(c.group_variable), f"facet[{i}]: {name!r} is the group variable"
    needs_texts = c.tilth.derived_facets and c.tilth.text_column is None and c.dataset_type != IMAGES
    yield needs_texts, "tilth.text_column: this is needed by tilth.derived_facets"
    doubled = sorted({n for n in names if names.count(n) > 1})
    yield doubled, f"headers: {listed(doubled)} is given twice"
    for i, segment in enumerate(c.segment_config):
        n, aliases = len(segment.segments), segment.display_aliases
        accepted = f"{n} or {n + 1} strings: one for each segment, and one for the rest"
        wrong = aliases is not None and len(aliases) not in (n, n + 1)
        yield wrong, f"segment_config[{i}].display_aliases: found {len(aliases or ())}", accepted


def _of_predictor(c: AnalysisConfig) -> Iterator[Check]:
    needing = given(c.methods, "shap", "pdp", "asymmetric_shapley_value", within="methods.")
    yield needing and not c.has_predictor, f"predictor: this is needed by {listed(needing)}"
    p = c.predictor
    if p is None:
        return
    model = given(p, "model_name", "initial_instance_count", "instance_type")
    accepted = "endpoint_name; or model_name, initial_instance_count and instance_type"
    yield p.endpoint_name is None and len(model) < 3 and c.tilth.predictor.model is None, "predictor: no model is given", accepted
    yield p.endpoint_name and model, f"predictor: endpoint_name and {listed(model)} exclude each other"
    yield _exclusive(p, "predictor", "endpoint_name", "endpoint_name_prefix")
    yield isinstance(p.label, list) and p.probability is None, "predictor.probability: this is needed where predictor.label is a list"
    yield from _of_answers(p, p.accept_type or p.content_type or c.dataset_type)
    content, template, record = p.content_type or c.dataset_type, p.content_template or "", p.record_template or ""
    yield content in ("application/x-parquet", CAPTURES), f"predictor.content_type: this is needed for {content}"
    shown, sent = f"predictor.content_type: found {json.dumps(content)}", ("text/csv", *JSONS)
    yield content in SENT and c.dataset_type != IMAGES, shown, listed(sent)
    lines, json_ = content == "application/jsonlines", content == "application/json" and c.time_series_data_config is None
    shown = f"predictor.content_template: found {json.dumps(p.content_template)}"
    yield lines and template.count("$features") != 1, shown, "a string with exactly one $features, for JSON Lines"
    yield json_ and "$record" not in template, shown, "a string with $record or $records, for JSON"
    shown = f"predictor.record_template: found {json.dumps(p.record_template)}"
    yield json_ and "$features" not in record and "${" not in record, shown, "a string with $features, $features_kvp or ${name}, for JSON"


def _of_answers(p: Predictor, accept: str) -> Iterator[Check]:
    """Where labels and scores are in an answer."""
    for key, where in (("label", p.label), ("probability", p.probability)):
        shown = f"predictor.{key}: found {json.dumps(where)}"
        yield accept == "text/csv" and isinstance(where, str), shown, "the index of a column, from 0, for an answer in CSV"
        yield accept in JSONS and isinstance(where, int), shown, "a JMESPath, for an answer in JSON"
        if accept in JSONS and isinstance(where, str):
            try:
                path(where)
            except RequestError as error:
                yield True, f"predictor.{key}: {error.mistakes[0].message}", error.mistakes[0].accepted


def _of_explanations(c: AnalysisConfig) -> Iterator[Check]:
    shap, pdp, series = c.methods.shap or Shap(), c.methods.pdp, c.methods.asymmetric_shapley_value
    yield _exclusive(shap, "methods.shap", "baseline", "num_clusters")
    not_tabular = shap.features_to_explain is not None and (shap.text_config or shap.image_config)
    yield not_tabular, "methods.shap: features_to_explain is for tabular data, without text_config and image_config"
    yield from _of_images(c, shap)
    if shap.text_config is not None:
        try:
            TextConfig.of(shap.text_config.model_dump(exclude_none=True))
        except RequestError as error:
            yield from ((True, f"methods.{m.message.replace(': ', '.', 1)}", m.accepted) for m in error.mistakes)
    nothing = pdp is not None and pdp.features is None and c.methods.shap is None
    yield nothing, "methods.pdp.features: this is needed without methods.shap"
    if series is not None and series.model_fields_set:
        fine, path = series.granularity == "fine_grained", "methods.asymmetric_shapley_value"
        samples = fine != (series.num_samples is not None)
        yield samples, f"{path}.num_samples: needed for granularity fine_grained, and only there"
        accepted = "chronological, where granularity is fine_grained"
        yield fine and series.direction != "chronological", f"{path}.direction: found {series.direction!r}", accepted


def _of_images(c: AnalysisConfig, shap: Shap) -> Iterator[Check]:
    """Checks of explanations of images."""
    images, asked = c.dataset_type == IMAGES, shap.image_config
    yield asked is not None and not images, f"methods.shap.image_config: found with dataset_type {c.dataset_type}", IMAGES
    yield images and c.methods.shap is not None and asked is None, f"methods.shap.image_config: this is needed for {IMAGES}"
    yield images and c.methods.pdp is not None, "methods.pdp: not for images"
    if images and asked is not None:
        headers = c.predictor and c.predictor.label_headers
        yield asked.model_type == "IMAGE_CLASSIFICATION" and not headers, "predictor.label_headers: this is needed for images"
        yield not isinstance(shap.baseline, str | None), "methods.shap.baseline: found rows", "the place of an image"
        yield shap.num_clusters is not None, "methods.shap.num_clusters: not for images"
        kind = c.predictor and c.predictor.content_type
        yield kind is not None and kind not in SENT, f"predictor.content_type: found {json.dumps(kind)}", listed(SENT)


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
    excluded = given(c.methods, "pre_training_bias", "post_training_bias", "report", within="methods.") + given(c, "excluded_columns")
    yield series and excluded, f"{listed(excluded)}: not for time series"
    apart = given(c, "facet_dataset_uri", "predicted_label_dataset_uri")
    yield apart and c.dataset_type != "text/csv", f"{listed(apart)}: separate datasets are for text/csv only"
    lists = c.dataset_type in ("application/jsonlines", "application/json") and c.time_series_data_config is None
    yield lists and c.features is None, f"features: this is needed for {c.dataset_type}"
    yield c.dataset_type == IMAGES and c.excluded_columns is not None, "excluded_columns: not for images"


# ── what this version does not compute ──


def gaps(c: AnalysisConfig) -> Iterator[str]:
    """What the configuration requests and this version cannot do, so that nothing is run."""
    if c.methods.model_fields_set <= {"report"}:
        yield "methods: a report alone has nothing to report on; ask for bias, shap, pdp or asymmetric_shapley_value"
    if c.asks_model and c.tilth.predictor.model is None:
        named = listed(given(c.predictor, "endpoint_name", "model_name", within="predictor."))
        yield f"{named}: models at SageMaker are not asked; name what answers for it: {ELSEWHERE}"


def left_out(c: AnalysisConfig) -> Iterator[str]:
    """Messages about parts that are not computed."""
    if c.methods.report is not None and not has_pdf():
        yield 'methods.report: there is no report.pdf, which takes an extra: pip install "tilth[pdf]"'
    for key in c.tilth.model_extra or {}:
        if key in LATER:
            yield f"tilth.{key} {LATER[key]}"
        else:
            hint = did_you_mean(key, (*Tilth.model_fields, *LATER))
            yield f"tilth.{key}: this key is not known{f'; {hint}' if hint else ''}"
