"""Clarify's explanations of a model, SHAP values and partial dependence: computed, and in the shape of its result files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.aws.clarify import shape
from tilth.aws.clarify.baseline import baseline
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.predicting import named
from tilth.data import Dataset, Memory, Roles
from tilth.engine.session import Session
from tilth.formats import to_arrow
from tilth.measures.endpoint.model import EndpointModel
from tilth.measures.explain.findings import Found, findings, local_values
from tilth.measures.explain.local import LocalValues, explanations
from tilth.measures.explain.models import asked_of
from tilth.measures.explain.pdp import PartialDependence, Pdp
from tilth.measures.explain.section import ShapUnit, ShapValue
from tilth.measures.explain.shap import LOOKED_AT, Shap
from tilth.report import Finding, Report, jsonable, warning

ROW = "\x1frow"  # the column that numbers the rows
EXPLAINING = ("shap", "pdp", "asymmetric_shapley_value")  # methods
FOLDER = "explanations_shap"
FREE_TEXT = "free_text"
TOP = 10  # features of partial dependence, where the configuration does not say


@dataclass(frozen=True, eq=False)
class Explanations:
    """Findings of SHAP values and partial dependence, and the files that Clarify writes of them: tables, lines of JSON, or pictures."""

    findings: tuple[Finding, ...] = ()
    files: dict[str, pa.Table | list[Any] | bytes] = field(default_factory=dict)


def explained(data: Dataset, config: AnalysisConfig, model: Any, columns: tuple[str, ...], engine: Session) -> Explanations:
    """Compute `methods.shap` and `methods.pdp` for a model; the table is held in memory.

    Explains all rows, or `tilth.shap.rows` of them. Without `methods.pdp.features`, the features with the largest mean absolute SHAP values
    over all labels are used. Errors: those of the measures `shap` and `pdp`.
    """
    whole = to_arrow(data, engine)
    numbered = whole.append_column(ROW, pa.array(range(len(whole))))
    label, favoured = named(config.label, whole.column_names), tuple[Any, ...]()
    if label is not None and not isinstance(model, EndpointModel):  # for a server, every score is explained
        favoured = tuple(config.label_values_or_threshold)
    roles = Roles(id=(ROW,), label=label, positive=favoured)
    table = Dataset(Memory(numbered, tuple(numbered.column_names)), roles)
    found, made = None, Explanations()
    if config.methods.shap is not None:
        measure = _measure(config.methods.shap, config, model, columns, whole, engine)
        with engine.working_for("shap"):
            asked = asked_of(measure, table, engine, max(measure.rows, LOOKED_AT))
            found = measure.explained(asked)
        if found is not None:
            local = local_values(found, asked.ids)
            shown = *_raised(config.methods.shap, measure, found), *findings(found, measure.aggregate, measure.link)
            made = Explanations(shown, _files(config, found, local, whole))
    if config.methods.pdp is not None:
        with engine.working_for("pdp"):
            made = replace(made, findings=(*made.findings, *_dependences(config.methods.pdp, table, config, model, columns, found, engine)))
    return made


def _measure(asked: shape.Shap, config: AnalysisConfig, model: Any, columns: tuple[str, ...], whole: pa.Table, engine: Session) -> Shap:
    """The measure `shap` with the parameters of the configuration."""
    texts = None if asked.text_config is None else asked.text_config.model_dump(exclude_none=True)
    explained = tuple(named(f, whole.column_names) or "" for f in asked.features_to_explain or ())
    samples = asked.num_samples
    if samples is not None and texts is None:
        samples = max(samples, 2 * len(explained or columns))
    given = {
        "background": None if asked.baseline is None else baseline(asked.baseline, config, columns, engine),
        "background_rows": asked.num_clusters,
        "samples": samples,
        "aggregate": asked.agg_method,
        "features_to_explain": explained,
        "text_config": texts,
        "most_predictions": config.tilth.shap.most_predictions,
    }
    more: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    rows = config.tilth.shap.rows or len(whole)
    return Shap(model, columns, rows=rows, link="logit" if asked.use_logit else "identity", seed=_seed(config), **more)


def _raised(asked: shape.Shap, measure: Shap, found: Found) -> tuple[Finding, ...]:
    """A warning where Clarify would fit fewer samples than determine the values."""
    if asked.num_samples is None or asked.num_samples == measure.samples or found.explained.method != "kernel":
        return ()
    reason = "fewer than twice the number of features do not determine the values"
    message = f"num_samples is {asked.num_samples}; {measure.samples} are used instead, because {reason}"
    return (warning("FEW_SAMPLES", message, measure="shap"),)


def _seed(config: AnalysisConfig) -> int:
    shap = config.methods.shap
    return shap.seed if shap is not None and shap.seed is not None else config.tilth.seed or 0


def _files(config: AnalysisConfig, found: Found, local: LocalValues, whole: pa.Table) -> dict[str, pa.Table | list[Any]]:
    """The baseline, if it was made here; the values of single rows, if requested."""
    shap = config.methods.shap or shape.Shap()
    files: dict[str, pa.Table | list[Any]] = {} if shap.baseline is not None else {f"{FOLDER}/baseline.csv": found.baseline}
    if shap.save_local_shap_values:
        key, order = named(config.joinsource_name_or_index, whole.column_names), np.argsort(local.ids[ROW])
        ids = {} if key is None else {key: whole[key].take(pa.array(np.array(local.ids[ROW])[order]))}
        if found.texts:
            files[f"{FOLDER}/out.jsonl"] = _lines(local, order.tolist(), ids)
        else:
            files[f"{FOLDER}/out.csv"] = pa.table({**ids, **dict(zip(local.columns, np.array(local.values)[order].T, strict=True))})
    return files


def _lines(local: LocalValues, order: Sequence[int], ids: Mapping[str, pa.ChunkedArray]) -> list[Any]:
    """A line of JSON for each row."""
    rows = [*explanations(local)]
    lines: list[Any] = [{"explanations": rows[i]} for i in order]
    for values in ids.values():
        lines = [{"join_source_value": jsonable(v), **line} for v, line in zip(values.to_pylist(), lines, strict=True)]
    return lines


def _dependences(
    asked: shape.Pdp, table: Dataset, config: AnalysisConfig, model: Any, columns: tuple[str, ...], found: Found | None, engine: Session
) -> list[Finding]:
    """The partial dependence on the features that are named, or move the predictions most; texts have none."""
    features = [named(f, table.names) or "" for f in asked.features or ()] or _greatest(found)[: asked.top_k_features or TOP]
    texts = [f for f in features if found is not None and found.features.get(f) == FREE_TEXT]
    tabular = tuple(f for f in features if f not in texts)
    made: list[Finding] = [Finding("pdp", (f,), payload=PartialDependence()) for f in texts]
    if tabular:
        measure = Pdp(model, columns, features=tabular, buckets=asked.grid_resolution, seed=_seed(config))
        made = [*measure.measure(table, table, engine)[0], *made]
    return made


def _greatest(found: Found | None) -> list[str]:
    """The features by the mean size of their values over rows and labels, the greatest first."""
    if found is None:
        return []
    sizes = np.abs(found.explained.values).mean(axis=(0, 2))
    return [list(found.features)[i] for i in np.argsort(-sizes, kind="stable")]


# ── analysis.json ──


def explanations_json(report: Report, strict: bool) -> dict[str, Any]:
    """The section `explanations`; empty without any. What Clarify's own file lacks is left out if `strict`."""
    made: dict[str, Any] = {}
    if values := report.of(ShapValue):
        order, units = report.facts.more.get("model_columns", ()), report.of(ShapUnit)
        made["kernel_shap"] = {
            label: _of_label(values, units, label, order, strict) for label in dict.fromkeys(f.payload.output for f in values)
        }
    if dependences := report.of(PartialDependence):
        of_each: dict[str, list[PartialDependence]] = {}
        for f in dependences:
            of_each.setdefault(f.subject[0], []).append(f.payload)
        made["pdp"] = [_dependence(name, payloads, strict) for name, payloads in of_each.items()]
    return {"explanations": made} if made else {}


def _of_label(
    values: Sequence[Finding[ShapValue]], units: Sequence[Finding[ShapUnit]], label: str, order: Sequence[str], strict: bool
) -> dict[str, Any]:
    mine = {f.subject[0]: f for f in values if f.payload.output == label}
    names = sorted(mine, key=lambda name: order.index(name) if name in order else len(order))
    made: dict[str, Any] = {"global_shap_values": {n: mine[n].value for n in names}}
    made["expected_value"] = mine[names[0]].payload.expected
    made |= {} if strict else {"method": mine[names[0]].payload.method}
    texts: dict[str, dict[str, float | None]] = {}
    for f in units:
        if f.payload.output == label:
            texts.setdefault(f.subject[0], {})[f.payload.text] = f.value
    return made | ({"global_top_shap_text": texts} if texts else {})


def _dependence(name: str, of: Sequence[PartialDependence], strict: bool) -> dict[str, Any]:
    one = of[0]
    if not one.output:
        return {"feature_name": name, "data_type": FREE_TEXT, "error": "partial dependence is not computed of text"}
    made: dict[str, Any] = {"feature_name": name, "data_type": "categorical" if one.categorical else "numerical"}
    if not one.values:
        return made | {"error": "the feature has no values"}
    made |= {
        "feature_values": list(one.values),
        "model_predictions": [list(p.means) for p in of],
        "data_distribution": list(one.shares),
        "label_headers": [p.output for p in of],
    }
    return made if strict else made | {"standard_errors": [list(p.errors) for p in of], "rows": one.rows}
