"""Clarify's explanations of a model, SHAP values and partial dependence: computed, and in the shape of its result files."""

from __future__ import annotations

from collections.abc import Sequence
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
from tilth.measures.explain.pdp import PartialDependence, Pdp
from tilth.measures.explain.shap import Shap
from tilth.report import Finding, Report

ROW = "\x1frow"  # the column that numbers the rows
FOLDER = "explanations_shap"
LOCAL = "shap_values"  # the kind of the finding that has the values of single rows
TOP = 10  # features of partial dependence, where the configuration does not say


@dataclass(frozen=True, eq=False)
class Explanations:
    """Findings of SHAP values and partial dependence, and the tables that Clarify writes of them, by their file."""

    findings: tuple[Finding, ...] = ()
    tables: dict[str, pa.Table] = field(default_factory=dict)


def explained(data: Dataset, config: AnalysisConfig, model: Any, columns: Sequence[str], engine: Session) -> Explanations:
    """What `methods.shap` and `methods.pdp` ask of a model; the table is held in memory.

    All rows are explained, or as many as `tilth.shap.rows` says. Without `methods.pdp.features` the features with the greatest mean size
    of SHAP values over all labels are looked at. Errors: those of the measures `shap` and `pdp`.
    """
    whole = to_arrow(data, engine)
    numbered = whole.append_column(ROW, pa.array(range(len(whole))))
    label, favoured = named(config.label, whole.column_names), tuple[Any, ...]()
    if label is not None and not isinstance(model, EndpointModel):  # of which every score is explained
        favoured = tuple(config.label_values_or_threshold)
    roles = Roles(id=(ROW,), label=label, positive=favoured)
    table = Dataset(Memory(numbered, tuple(numbered.column_names)), roles)
    found = Explanations()
    if config.methods.shap is not None:
        found = _shap(config.methods.shap, table, whole, config, model, columns, engine)
    if config.methods.pdp is not None:
        asked = config.methods.pdp
        chosen = tuple(named(f, whole.column_names) or "" for f in asked.features or ())
        features = chosen or _greatest(found.findings, asked.top_k_features or TOP)
        with engine.working_for("pdp"):
            measure = Pdp(model, tuple(columns), features=features, buckets=asked.grid_resolution, seed=_seed(config))
            findings, _ = measure.measure(table, table, engine)
        found = replace(found, findings=(*found.findings, *findings))
    return found


def _shap(
    asked: shape.Shap, table: Dataset, whole: pa.Table, config: AnalysisConfig, model: Any, columns: Sequence[str], engine: Session
) -> Explanations:
    generated, rows = baseline(asked, table, config, columns, engine)
    own = config.tilth.shap
    given: dict[str, Any] = {"samples": asked.num_samples, "aggregate": asked.agg_method, "most_predictions": own.most_predictions}
    measure = Shap(
        model,
        tuple(columns),
        rows=own.rows or len(whole),
        background=rows,
        link="logit" if asked.use_logit else "identity",
        local=True,
        seed=_seed(config),
        **{k: v for k, v in given.items() if v is not None},
    )
    with engine.working_for("shap"):
        findings, _ = measure.measure(table, table, engine)
    tables = {f"{FOLDER}/baseline.csv": generated} if generated is not None else {}
    local = [f.payload for f in findings if f.kind == LOCAL]
    if local and asked.save_local_shap_values:
        tables[f"{FOLDER}/out.csv"] = _local(local[0], whole, named(config.joinsource_name_or_index, whole.column_names))
    return Explanations(tuple(f for f in findings if f.kind != LOCAL), tables)


def _seed(config: AnalysisConfig) -> int:
    shap = config.methods.shap
    return shap.seed if shap is not None and shap.seed is not None else config.tilth.seed or 0


def _local(values: Any, whole: pa.Table, key: str | None) -> pa.Table:
    """The SHAP values of the explained rows, in the order of the rows, after the identifier of the row if it has one."""
    order = np.argsort(values.ids[ROW])
    matrix = np.array(values.values)[order]
    ids = {} if key is None else {key: whole[key].take(pa.array(np.array(values.ids[ROW])[order]))}
    return pa.table({**ids, **dict(zip(values.columns, matrix.T, strict=True))})


def _greatest(findings: Sequence[Finding], count: int) -> tuple[str, ...]:
    """The features with the greatest mean size of their global values over the labels."""
    sizes: dict[str, float] = {}
    for f in findings:
        if f.kind == Shap.name:
            sizes[f.subject[0]] = sizes.get(f.subject[0], 0.0) + abs(f.number or 0.0)
    return tuple(sorted(sizes, key=lambda name: -sizes[name])[:count])


# ── analysis.json ──


def explanations_json(report: Report, strict: bool) -> dict[str, Any]:
    """The section `explanations`; empty without any. What Clarify's own file lacks is left out if `strict`."""
    made: dict[str, Any] = {}
    if values := report.of(Shap.name):
        order = report.facts.more.get("model_columns", ())
        made["kernel_shap"] = {label: _of_label(values, label, order) for label in dict.fromkeys(f.payload.output for f in values)}
    if dependences := report.of(PartialDependence):
        of_each: dict[str, list[PartialDependence]] = {}
        for f in dependences:
            of_each.setdefault(f.subject[0], []).append(f.payload)
        made["pdp"] = [_dependence(name, payloads, strict) for name, payloads in of_each.items()]
    return {"explanations": made} if made else {}


def _of_label(values: Sequence[Finding], label: str, order: Sequence[str]) -> dict[str, Any]:
    mine = {f.subject[0]: f for f in values if f.payload.output == label}
    named = sorted(mine, key=lambda name: order.index(name) if name in order else len(order))
    return {"global_shap_values": {n: mine[n].value for n in named}, "expected_value": next(iter(mine.values())).payload.expected}


def _dependence(name: str, of: Sequence[PartialDependence], strict: bool) -> dict[str, Any]:
    one = of[0]
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
