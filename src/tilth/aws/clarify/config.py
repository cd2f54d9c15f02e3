"""SageMaker Clarify's files: `analysis_config.json` is read and checked as a whole, `analysis.json` is made of a report.

The configuration is schema version 1.0 with one key more, `tilth`, for what Clarify has no word for. All of it is checked, the parts too
that this version does not compute: those are named in `AnalysisConfig.left_out`, never dropped in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilth.errors import ColumnError, Gap, Mistake, RequestError, did_you_mean, listed
from tilth.report import Finding, FindingKind, Report, jsonable
from tilth.store.local import text_of

VERSION = "1.0"
PRE_TRAINING = ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
POST_TRAINING = ("DPPL", "DI", "DCA", "DCR", "SD", "RD", "DAR", "DRR", "AD", "TE", "CDDPL", "FT", "GE")
FORMATS = {
    "text/csv": "csv",
    "application/x-parquet": "parquet",
    "application/jsonlines": "jsonl",
    "application/json": "",
    "application/x-image": "",
    "application/sagemakercapturejson": "",
}
"""Data set type → the format that reads it; empty where this version has none."""

# ── what a value may be ──

Check = Callable[[Any, str], Iterator[Mistake]]
"""The mistakes in a value that stands at a key path."""


def _wrong(path: str, found: Any, accepted: str, code: str = "bad-value", hint: str = "") -> Mistake:
    return Mistake(f"{path}: found {json.dumps(found, default=str)[:80]}", accepted=accepted, hint=hint, code=code)


def _of(kinds: type | tuple[type, ...], accepted: str, but: type | tuple[type, ...] = ()) -> Check:
    def check(value: Any, path: str) -> Iterator[Mistake]:
        if not isinstance(value, kinds) or (but and isinstance(value, but)):
            yield _wrong(path, value, accepted)

    return check


TEXT = _of(str, "a text")
TRUTH = _of(bool, "true or false")
WHOLE = _of(int, "a whole number", but=bool)
NUMBER = _of((int, float), "a number", but=bool)
NAME = _of((str, int), "a column's name, or its index from 0", but=bool)
VALUE = _of((str, int, float, bool), "a number or a text")
ANYTHING = _of(object, "anything")


def _word(*words: str) -> Check:
    def check(value: Any, path: str) -> Iterator[Mistake]:
        if not isinstance(value, str) or value.lower() not in {w.lower() for w in words}:
            yield _wrong(path, value, listed(words, 20), "unknown-value", did_you_mean(str(value), words))

    return check


def _between(check: Check, low: float, high: float) -> Check:
    def checked(value: Any, path: str) -> Iterator[Mistake]:
        wrong = list(check(value, path))
        yield from wrong
        if not wrong and not low <= value <= high:
            yield _wrong(path, value, f"{low:g} or more" if high == float("inf") else f"from {low:g} to {high:g}")

    return checked


def _text_like(pattern: str, accepted: str) -> Check:
    def check(value: Any, path: str) -> Iterator[Mistake]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield _wrong(path, value, accepted)

    return check


def _many(check: Check, least: int = 0) -> Check:
    def checked(value: Any, path: str) -> Iterator[Mistake]:
        if not isinstance(value, list):
            yield _wrong(path, value, "a list")
            return
        if len(value) < least:
            yield _wrong(path, value, f"a list of {least} or more")
        for i, item in enumerate(value):
            yield from check(item, f"{path}[{i}]")

    return checked


def _one_or_many(check: Check) -> Check:
    def checked(value: Any, path: str) -> Iterator[Mistake]:
        yield from _many(check)(value, path) if isinstance(value, list) else check(value, path)

    return checked


def _either(*checks: Check) -> Check:
    """A value that one of the checks lets pass; else what all of them would accept."""

    def checked(value: Any, path: str) -> Iterator[Mistake]:
        wrong = [list(check(value, path)) for check in checks]
        if all(wrong):
            yield _wrong(path, value, " or ".join(dict.fromkeys(w[0].accepted for w in wrong)))

    return checked


def _mapping(keys: Mapping[str, Check], needed: Sequence[str] = (), open_: bool = False) -> Check:
    """An object with these keys; `open_` lets others pass."""

    def checked(value: Any, path: str) -> Iterator[Mistake]:
        if not isinstance(value, dict):
            yield _wrong(path or "the configuration", value, "an object")
            return
        inside = f"{path}." if path else ""
        for key, item in value.items():
            if key in keys:
                yield from keys[key](item, f"{inside}{key}")
            elif not open_:
                hint = did_you_mean(key, keys)
                yield Mistake(f"{inside}{key}: this key is not known", accepted=listed(keys, 30), hint=hint, code="unknown-key")
        yield from (Mistake(f"{inside}{key}: this is needed", code="missing-key") for key in needed if key not in value)

    return checked


def _methods_of(names: Sequence[str]) -> Check:
    return _mapping({"methods": _either(_word("all"), _many(_word(*names), least=1))}, needed=("methods",))


ANY = float("inf")
SHAP = _mapping(
    {
        "baseline": _either(TEXT, _many(ANYTHING), _mapping({}, open_=True)),
        "num_clusters": _between(WHOLE, 1, ANY),
        "num_samples": _between(WHOLE, 1, ANY),
        "agg_method": _word("mean_abs", "mean_sq", "median"),
        "use_logit": TRUTH,
        "save_local_shap_values": TRUTH,
        "seed": WHOLE,
        "features_to_explain": _many(NAME),
        "text_config": _mapping(
            {"granularity": _word("token", "sentence", "paragraph"), "language": TEXT, "max_top_tokens": _between(WHOLE, 1, ANY)},
            needed=("granularity", "language"),
        ),
        "image_config": _mapping(
            {
                "model_type": _word("IMAGE_CLASSIFICATION", "OBJECT_DETECTION"),
                "num_segments": _between(WHOLE, 1, ANY),
                "segment_compactness": NUMBER,
                "feature_extraction_method": _word("segmentation"),
                "max_objects": _between(WHOLE, 1, ANY),
                "iou_threshold": _between(NUMBER, 0, 1),
                "context": _between(NUMBER, 0, 1),
                "debug": _mapping({"image_names": _many(TEXT), "class_ids": _many(WHOLE), "sample_from": WHOLE, "sample_to": WHOLE}),
            },
            needed=("model_type",),
        ),
    }
)
METHODS = _mapping(
    {
        "pre_training_bias": _methods_of(PRE_TRAINING),
        "post_training_bias": _methods_of(POST_TRAINING),
        "shap": SHAP,
        "pdp": _mapping(
            {"features": _many(NAME), "grid_resolution": _between(WHOLE, 1, ANY), "top_k_features": _between(WHOLE, 1, ANY)},
            needed=("grid_resolution",),
        ),
        "asymmetric_shapley_value": _mapping(
            {
                "direction": _word("chronological", "anti_chronological", "bidirectional"),
                "granularity": _word("timewise", "fine_grained"),
                "num_samples": _between(WHOLE, 1, ANY),
                "baseline": _either(TEXT, _mapping({}, open_=True)),
            }
        ),
        "report": _mapping({"name": TEXT, "title": TEXT}),
    }
)
PREDICTOR = _mapping(
    {
        "model_name": TEXT,
        "initial_instance_count": _between(WHOLE, 1, ANY),
        "instance_type": TEXT,
        "endpoint_name": TEXT,
        "endpoint_name_prefix": _text_like(r"(?=.{1,23}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*", "letters, digits and hyphens, up to 23 characters"),
        "target_model": TEXT,
        "custom_attributes": _text_like(r"[\x20-\x7e]{0,1024}", "up to 1024 visible ASCII characters"),
        "accelerator_type": TEXT,
        "content_type": _word("text/csv", "application/jsonlines", "application/json", "image/jpeg", "image/png", "application/x-npy"),
        "accept_type": _word("text/csv", "application/jsonlines", "application/json"),
        "content_template": TEXT,
        "record_template": TEXT,
        "label": _either(NAME, _many(NAME)),
        "probability": NAME,
        "label_headers": _many(NAME),
        "time_series_predictor_config": _mapping({"forecast": TEXT}, needed=("forecast",)),
    }
)
TILTH: dict[str, Check] = {
    "missing_values": _word("exclude", "as_category", "clarify"),
    "types": _mapping({}, open_=True),
    "confidence": NUMBER,
    "bootstrap": WHOLE,
    "seed": WHOLE,
    "min_group_size": WHOLE,
    "verdicts": TRUTH,
    "bands": _mapping({name: _many(NUMBER, least=2) for name in (*PRE_TRAINING, *POST_TRAINING)}),
    "intersections": _many(_many(NAME, least=2)),
    "max_combinations": WHOLE,
    "weights": NAME,
    "force_group": TRUTH,
    "engine": _word("duckdb", "spark"),
    "csv": _mapping({"header": TRUTH}, open_=True),
}
LATER = ("modality", "text_column", "derived_facets", "skin_tone", "predictor", "bias_variance", "model_card")
"""Keys of the `tilth` block that this version knows and does not compute."""

CONFIG = _mapping(
    {
        "version": _word(VERSION),
        "dataset_type": _word(*FORMATS),
        "dataset_uri": TEXT,
        "headers": _many(TEXT),
        "label": NAME,
        "predicted_label": NAME,
        "features": TEXT,
        "label_values_or_threshold": _one_or_many(VALUE),
        "probability_threshold": _between(NUMBER, 0, 1),
        "facet": _many(_mapping({"name_or_index": NAME, "value_or_threshold": _one_or_many(VALUE)}, needed=("name_or_index",))),
        "group_variable": NAME,
        "facet_dataset_uri": TEXT,
        "facet_headers": _many(TEXT),
        "predicted_label_dataset_uri": TEXT,
        "predicted_label_headers": _many(TEXT),
        "joinsource_name_or_index": NAME,
        "excluded_columns": _many(NAME),
        "segment_config": _many(
            _mapping(
                {"name_or_index": NAME, "segments": _many(_many(VALUE)), "config_name": TEXT, "display_aliases": _many(TEXT)},
                needed=("name_or_index", "segments"),
            )
        ),
        "time_series_data_config": _mapping(
            {
                "target_time_series": NAME,
                "item_id": NAME,
                "timestamp": NAME,
                "related_time_series": _many(NAME),
                "static_covariates": _many(NAME),
                "dataset_format": _word("columns", "item_records", "timestamp_records"),
            },
            needed=("target_time_series", "item_id", "timestamp"),
        ),
        "methods": METHODS,
        "predictor": PREDICTOR,
        "tilth": _mapping(TILTH, open_=True),
    },
    needed=("dataset_type", "methods"),
)


# ── the configuration ──


@dataclass(frozen=True)
class AnalysisConfig:
    """A configuration that has been checked. `given` is the object as it was written, `left_out` what this version does not compute of it.

    >>> methods = {"pre_training_bias": {"methods": ["CI"]}}
    >>> AnalysisConfig.of({"dataset_type": "text/csv", "facet": [{"name_or_index": "sex"}], "methods": methods}).metrics
    ('CI',)
    """

    given: Mapping[str, Any] = field(hash=False)
    left_out: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> AnalysisConfig:
        """The configuration in a file. Errors: `RequestError` with every mistake, each with its key path."""
        try:
            given = json.loads(text_of(path, "configuration"))
        except (json.JSONDecodeError, RecursionError) as error:
            raise RequestError(
                f"{str(path)!r} is no JSON: {error}", hint="a configuration is a JSON object in UTF-8", code="no-json"
            ) from error
        return cls.of(given)

    @classmethod
    def of(cls, given: Any) -> AnalysisConfig:
        """The configuration in an object. Errors: `RequestError` with every mistake; `Gap` where nothing of it can be computed."""
        wrong = list(CONFIG(given, "")) or list(_contradictions(given))
        if wrong:
            raise RequestError(*wrong)
        _refuse_gaps(given)
        return cls(given, tuple(_left_out(given)))

    @property
    def tilth(self) -> Mapping[str, Any]:
        """What Clarify has no word for."""
        found: Mapping[str, Any] = self.given.get("tilth", {})
        return found

    @property
    def metrics(self) -> tuple[str, ...]:
        """The bias metrics before training that are asked for, in the order of the catalogue."""
        asked = self.given["methods"].get("pre_training_bias", {}).get("methods", [])
        words = {asked.upper()} if isinstance(asked, str) else {m.upper() for m in asked}
        return tuple(m for m in PRE_TRAINING if words & {m, "ALL"})

    @property
    def reading(self) -> dict[str, Any]:
        """The options by which the data set is read."""
        found: dict[str, Any] = {"format": FORMATS[self.given["dataset_type"].lower()], "names": self.given.get("headers")}
        if "header" in self.tilth.get("csv", {}):
            found["header"] = self.tilth["csv"]["header"]
        return {k: v for k, v in found.items() if v}

    def bias(self, names: Sequence[str]) -> dict[str, Any]:
        """What a bias request takes, by its words; `facets` are pairs of a column and its values. `names` are the table's columns.

        Errors: `ColumnError` for every index beyond the columns.
        """
        given, tilth = self.given, self.tilth
        indices = _indices(given, tilth)
        wrong = [
            Mistake(f"{path}: there is no column {i}", accepted=f"0 to {len(names) - 1}, or a name", code="unknown-column")
            for path, i in indices
            if not 0 <= i < len(names)
        ]
        if wrong:
            raise ColumnError(*wrong)

        def name(column: str | int | None) -> str | None:
            return names[column] if isinstance(column, int) else column

        asked = {
            "facets": tuple((name(f["name_or_index"]), _values(f.get("value_or_threshold", []))) for f in given.get("facet", [])),
            "label": name(given.get("label")),
            "positive": _values(given.get("label_values_or_threshold", [])),
            "group": name(given.get("group_variable")),
            "metrics": self.metrics,
            "weight": name(tilth.get("weights")),
            "intersections": tuple(tuple(name(c) for c in columns) for columns in tilth.get("intersections", [])),
            "bands": {m: tuple(band) for m, band in tilth.get("bands", {}).items() if m in PRE_TRAINING},
            "missing": tilth.get("missing_values", "exclude").lower(),
        }
        same = ("types", "confidence", "bootstrap", "seed", "min_group_size", "verdicts", "max_combinations", "force_group")
        return asked | {k: tilth[k] for k in same if k in tilth}


def _values(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list) else (given,)


def _indices(given: Mapping[str, Any], tilth: Mapping[str, Any]) -> list[tuple[str, int]]:
    named = [("label", given.get("label")), ("group_variable", given.get("group_variable")), ("tilth.weights", tilth.get("weights"))]
    named += [(f"facet[{i}].name_or_index", f["name_or_index"]) for i, f in enumerate(given.get("facet", []))]
    named += [(f"tilth.intersections[{i}]", c) for i, columns in enumerate(tilth.get("intersections", [])) for c in columns]
    return [(path, column) for path, column in named if isinstance(column, int)]


# ── what contradicts what: checked once every value is of its kind ──


def _contradictions(given: Mapping[str, Any]) -> Iterator[Mistake]:
    methods = given["methods"]
    if not methods:
        yield Mistake(
            "methods: one method or more is needed", accepted="pre_training_bias, post_training_bias, shap, pdp …", code="no-method"
        )
    yield from _of_bias(given, methods)
    yield from _of_columns(given)
    yield from _of_predictor(given, methods)
    yield from _of_explanations(methods)
    yield from _of_time_series(given, methods)
    yield from _of_data(given)


def _biased(methods: Mapping[str, Any]) -> list[str]:
    return [m for m in ("pre_training_bias", "post_training_bias") if m in methods]


def _predictions(given: Mapping[str, Any]) -> bool:
    return "predicted_label" in given or "predicted_label_dataset_uri" in given


def _of_bias(given: Mapping[str, Any], methods: Mapping[str, Any]) -> Iterator[Mistake]:
    asked = _biased(methods)
    metrics = methods.get("pre_training_bias", {}).get("methods", [])
    only_imbalance = asked == ["pre_training_bias"] and metrics == ["CI"]
    for key in ("facet", "label_values_or_threshold", "label"):
        empty = key not in given or given[key] == []
        if (
            asked
            and empty
            and not (only_imbalance and key != "facet")
            and not (key == "facet" and given.get("tilth", {}).get("intersections"))
        ):
            yield Mistake(f"{key}: this is needed by methods.{asked[0]}", code="missing-key")
    if "post_training_bias" in methods and not _predictions(given) and not _predictor(given):
        yield Mistake(
            "methods.post_training_bias: predictions are needed",
            accepted="predicted_label, predicted_label_dataset_uri, or predictor",
            code="no-predictions",
        )


def _predictor(given: Mapping[str, Any]) -> bool:
    return "predictor" in given or "predictor" in given.get("tilth", {})


def _of_columns(given: Mapping[str, Any]) -> Iterator[Mistake]:
    names = given.get("headers") or []

    def column(key: Any) -> Any:
        return names[key] if isinstance(key, int) and 0 <= key < len(names) else key

    label, group = column(given.get("label")), column(given.get("group_variable"))
    seen: list[tuple[Any, tuple[Any, ...]]] = []
    for i, f in enumerate(given.get("facet", [])):
        facet = column(f["name_or_index"]), _values(f.get("value_or_threshold", []))
        if facet in seen:
            yield Mistake(f"facet[{i}]: {facet[0]!r} is given twice with the same values", code="same-facet")
        seen.append(facet)
        if label is not None and facet[0] == label and "facet_dataset_uri" not in given:
            yield Mistake(f"facet[{i}]: the label {label!r} cannot be a facet", code="label-is-facet")
        if group is not None and facet[0] == group:
            yield Mistake(f"facet[{i}]: {group!r} is the group variable", code="facet-is-group")
    doubled = sorted({n for n in names if names.count(n) > 1})
    if doubled:
        yield Mistake(f"headers: {listed(doubled)} stands there twice", code="twin-names")
    for i, segment in enumerate(given.get("segment_config", [])):
        n, aliases = len(segment["segments"]), segment.get("display_aliases")
        if aliases is not None and len(aliases) not in (n, n + 1):
            yield _wrong(
                f"segment_config[{i}].display_aliases", aliases, f"{n} or {n + 1} texts: one for each segment, and one for the rest"
            )


def _of_predictor(given: Mapping[str, Any], methods: Mapping[str, Any]) -> Iterator[Mistake]:
    needing = [m for m in ("shap", "pdp", "asymmetric_shapley_value") if m in methods]
    if needing and not _predictor(given):
        yield Mistake(f"predictor: this is needed by {listed([f'methods.{m}' for m in needing])}", code="missing-key")
    predictor = given.get("predictor")
    if predictor is None:
        return
    model = [k for k in ("model_name", "initial_instance_count", "instance_type") if k in predictor]
    if "endpoint_name" not in predictor and len(model) < 3:
        accepted = "endpoint_name; or model_name, initial_instance_count and instance_type"
        yield Mistake("predictor: nobody says which model", accepted=accepted, code="no-model")
    if "endpoint_name" in predictor and model:
        yield Mistake(f"predictor: endpoint_name and {listed(model)} exclude each other", code="two-models")
    if "endpoint_name" in predictor and "endpoint_name_prefix" in predictor:
        yield Mistake("predictor: endpoint_name and endpoint_name_prefix exclude each other", code="two-models")
    if isinstance(predictor.get("label"), list) and "probability" not in predictor:
        yield Mistake("predictor.probability: this is needed where predictor.label is a list", code="missing-key")
    yield from _of_templates(given, predictor)


def _of_templates(given: Mapping[str, Any], predictor: Mapping[str, Any]) -> Iterator[Mistake]:
    content = str(predictor.get("content_type", given["dataset_type"])).lower()
    template, record = predictor.get("content_template"), predictor.get("record_template")
    if given["dataset_type"].lower() == "application/x-parquet" and "content_type" not in predictor:
        yield Mistake("predictor.content_type: this is needed for Parquet", code="missing-key")
    if content == "application/jsonlines" and (template is None or template.count("$features") != 1):
        yield _wrong("predictor.content_template", template, "a text with exactly one $features, for JSON Lines")
    if content == "application/json" and "time_series_data_config" not in given:
        if template is None or ("$record" not in template):
            yield _wrong("predictor.content_template", template, "a text with $record or $records, for JSON")
        if record is None or not ("$features" in record or "${" in record):
            yield _wrong("predictor.record_template", record, "a text with $features, $features_kvp or ${name}, for JSON")


def _of_explanations(methods: Mapping[str, Any]) -> Iterator[Mistake]:
    shap = methods.get("shap", {})
    if "baseline" in shap and "num_clusters" in shap:
        yield Mistake("methods.shap: baseline and num_clusters exclude each other", code="contradiction")
    if "features_to_explain" in shap and ("text_config" in shap or "image_config" in shap):
        yield Mistake("methods.shap: features_to_explain is for tabular data, without text_config and image_config", code="contradiction")
    if "pdp" in methods and "features" not in methods["pdp"] and "shap" not in methods:
        yield Mistake("methods.pdp.features: this is needed without methods.shap", code="missing-key")
    series = methods.get("asymmetric_shapley_value", {})
    fine = str(series.get("granularity", "")).lower() == "fine_grained"
    if series and fine != ("num_samples" in series):
        yield Mistake(
            "methods.asymmetric_shapley_value.num_samples: needed for granularity fine_grained, and only there", code="contradiction"
        )
    if fine and str(series.get("direction", "chronological")).lower() != "chronological":
        yield _wrong("methods.asymmetric_shapley_value.direction", series["direction"], "chronological, where granularity is fine_grained")


def _of_time_series(given: Mapping[str, Any], methods: Mapping[str, Any]) -> Iterator[Mistake]:
    places = {
        "time_series_data_config": "time_series_data_config" in given,
        "methods.asymmetric_shapley_value": "asymmetric_shapley_value" in methods,
        "predictor.time_series_predictor_config": "time_series_predictor_config" in given.get("predictor", {}),
    }
    if not any(places.values()):
        return
    absent = [name for name, there in places.items() if not there]
    if absent:
        yield Mistake(f"{listed(absent)}: time series need all of {listed(places)}", code="missing-key")
    if given["dataset_type"].lower() != "application/json":
        yield _wrong("dataset_type", given["dataset_type"], "application/json, for time series")
    excluded = [*(f"methods.{m}" for m in (*_biased(methods), "report") if m in methods), *(k for k in ("excluded_columns",) if k in given)]
    if excluded:
        yield Mistake(f"{listed(excluded)}: not for time series", code="contradiction")


def _of_data(given: Mapping[str, Any]) -> Iterator[Mistake]:
    kind = given["dataset_type"].lower()
    apart = [k for k in ("facet_dataset_uri", "predicted_label_dataset_uri") if k in given]
    if apart and kind != "text/csv":
        yield Mistake(f"{listed(apart)}: separate data sets are for text/csv only", code="contradiction")
    if kind in ("application/jsonlines", "application/json") and "features" not in given and "time_series_data_config" not in given:
        yield Mistake(f"features: this is needed for {kind}", code="missing-key")
    if kind == "application/x-image" and "excluded_columns" in given:
        yield Mistake("excluded_columns: not for images", code="contradiction")


# ── what this version does not compute ──


def _refuse_gaps(given: Mapping[str, Any]) -> None:
    gaps = []
    kind = given["dataset_type"].lower()
    if "pre_training_bias" not in given["methods"]:
        asked = listed([f"methods.{m}" for m in given["methods"]])
        gaps.append(f"{asked} cannot be computed in this version: of Clarify's methods it has pre_training_bias")
    if not FORMATS[kind]:
        gaps.append(f"dataset_type: data of type {kind} cannot be read in this version")
    if kind == "application/jsonlines":
        gaps.append("features: lists of features inside a line cannot be read in this version")
    if "facet_dataset_uri" in given:
        gaps.append("facet_dataset_uri: facets in a data set of their own cannot be joined in this version")
    derived = given.get("tilth", {}).get("derived_facets")
    if derived:
        gaps.append("tilth.derived_facets: facets made of texts and images cannot be had in this version")
    if gaps:
        raise Gap(*gaps, hint="text/csv and application/x-parquet can be read, and pre_training_bias computed")


def _left_out(given: Mapping[str, Any]) -> Iterator[str]:
    for m in given["methods"]:
        if m not in ("pre_training_bias", "report"):
            yield f"methods.{m} is not computed in this version; its section is absent from analysis.json"
    report = given["methods"].get("report")
    if report is not None:
        yield "methods.report: the report is written as HTML, not as a notebook or PDF"
    if "segment_config" in given:
        yield "segment_config: metrics are not repeated for segments in this version"
    for key in given.get("tilth", {}):
        if key in LATER:
            yield f"tilth.{key} cannot be had in this version"
        elif key not in TILTH:
            hint = did_you_mean(key, (*TILTH, *LATER))
            yield f"tilth.{key}: this key is not known{f'; {hint}' if hint else ''}"


# ── analysis.json ──

BLOCKS = ("by_label_value", "continuous")
ADDED = ("status", "notes", "n_used", "n_excluded", "method", "p_value", "p_adjusted", "verdict")


def analysis_json(report: Report, strict: bool = False) -> dict[str, Any]:
    """A report's bias findings in the shape of Clarify's `analysis.json`, ready for `json.dumps`.

    Infinities are the texts `"Infinity"` and `"-Infinity"`. What Clarify's own file lacks (intervals, counts, status, notes, distances over
    all values of the label, facts of the run, warnings) stands under keys of its own; `strict` leaves that out.
    """
    found = report.of(FindingKind.BIAS)
    made: dict[str, Any] = {"version": VERSION}
    if found:
        made["pre_training_bias_metrics"] = _section(found, strict)
    if not strict:
        made["warnings"] = [{"code": f.name, "message": f.message} for f in report.of(FindingKind.WARNING)]
        made["run"] = _run(report)
    whole: dict[str, Any] = jsonable(made)
    return whole


def _section(found: Sequence[Finding], strict: bool) -> dict[str, Any]:
    label = found[0].details.get("label")
    facets: dict[str, dict[str, list[Finding]]] = {}
    for f in found:
        facets.setdefault(f.details["facet"], {}).setdefault(f.details["facet_value"], []).append(f)
    about = {} if label is None else {"label": label, "label_value_or_threshold": found[0].details["label_value"]}
    return {**about, "facets": {name: [_group(v, of, strict) for v, of in groups.items()] for name, groups in facets.items()}}


def _group(value: str, found: Sequence[Finding], strict: bool) -> dict[str, Any]:
    folded = sorted((f for f in found if "block" not in f.details), key=lambda f: f.name)
    made: dict[str, Any] = {"value_or_threshold": value, "metrics": [_metric(f, strict) for f in folded]}
    if strict:
        return made
    counts = folded[0].details["counts"] if folded else {}
    made |= {"counts": counts, "basic_stats": _basic(counts)}
    for block in BLOCKS:
        inside = [_metric(f, strict) for f in found if f.details.get("block") == block]
        made |= {block: inside} if inside else {}
    return made


def _metric(f: Finding, strict: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": f.name, "description": f.details["description"], "value": f.value}
    if f.value is None:
        made["error"] = f.details["error"]
    if strict:
        return made
    made |= {"ci_low": f.low, "ci_high": f.high, "confidence": f.confidence} | {k: f.details[k] for k in ADDED}
    own = ("strata", "one_sided_strata", "one_sided_share", "smallest_stratum", "plain_disparity", "largest_strata", "largest")
    return made | {k: f.details[k] for k in own if k in f.details} | {"meaning": f.message}


def _basic(counts: Mapping[str, float]) -> dict[str, Any]:
    rows = counts.get("n_a", 0) + counts.get("n_d", 0)
    positive, known = counts.get("n_d_positive", 0), counts.get("n_d_positive", 0) + counts.get("n_d_negative", 0)
    made: dict[str, Any] = {"proportion": counts["n_d"] / rows} if rows else {}
    return made | ({"observed_label_distribution": [positive / known, 1 - positive / known]} if known else {})


def _run(report: Report) -> dict[str, Any]:
    facts = report.facts
    return {
        "source": facts.source,
        "engine": facts.engine,
        "rows": facts.rows,
        "started": facts.started,
        "seconds": facts.seconds,
        "scans": facts.scans,
        "versions": dict(facts.versions),
        "fingerprint": facts.fingerprint,
        **dict(facts.more),
    }


def warnings(messages: Iterable[str]) -> list[Finding]:
    """What a configuration asks for and this version leaves out, as findings."""
    return [Finding(FindingKind.WARNING, "NOT_COMPUTED", message=m, details={"measure": "bias"}) for m in messages]
