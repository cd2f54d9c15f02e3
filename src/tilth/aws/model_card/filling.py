"""Fills a model card from evidence: measurements become evaluations; your own statements are kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilth.aws.model_card.evidence import Evidence
from tilth.aws.model_card.schema import MOST_CHARACTERS, POINTS, ModelCard
from tilth.errors import RequestError
from tilth.measures.balance import ClassBalance
from tilth.measures.bias import BIAS_METRICS
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.performance import Performance
from tilth.measures.explain.pdp import PartialDependence
from tilth.measures.explain.section import ShapUnit, ShapValue
from tilth.report import Finding, Outcome, Report
from tilth.report.blocks import cut, plain
from tilth.report.page import verdict

Metrics = list[dict[str, Any]]
Groups = Iterator[tuple[str, Metrics]]


def filled(card: ModelCard, evidence: Evidence) -> ModelCard:
    """The card with an evaluation for each part of each report, after its own evaluations, and with further facts from the evidence.

    Members that the card has already are kept.
    """
    given = card.model_dump(mode="json", exclude_none=True)
    made = _merged(_known(evidence), given)
    evaluations = [*given.get("evaluation_details", ()), *_evaluations(evidence)]
    return ModelCard.model_validate({**made, "evaluation_details": evaluations or None})


def importable(card: ModelCard, package: bool = False) -> str:
    """The card as JSON that SageMaker takes, which is 100,000 characters at most.

    Of a longer one the notes of metrics are left out first, then the last groups of metrics of the evaluation that has most;
    `custom_details` says so, because a card must not look complete. Errors: `RequestError` for a card that is too long without them.
    """
    if len(text := card.to_json(package)) <= MOST_CHARACTERS:
        return text
    made = card.model_dump(mode="json", exclude_none=True)
    groups: list[list[Any]] = [of["metric_groups"] for of in made.get("evaluation_details", ()) if of.get("metric_groups")]
    for metric in (m for of in groups for group in of for m in group["metric_data"]):
        metric.pop("notes", None)
    details = made.setdefault("additional_information", {}).setdefault("custom_details", {})
    dropped = 0
    while True:
        details["left out"] = f"the notes of metrics{f', {dropped:,} groups of metrics' if dropped else ''}: governance.json has them"
        text = ModelCard.model_validate(made).to_json(package)
        most = max(groups, key=len, default=[])
        if len(text) <= MOST_CHARACTERS:
            return text
        if not most:
            hint = "shorten the texts of --details"
            message = f"the model card has {len(text):,} characters without its metrics"
            raise RequestError(message, accepted=f"up to {MOST_CHARACTERS:,}", hint=hint, code="card-too-long")
        del most[-max(1, len(most) // 20) :]
        dropped = sum(len(of.metric_groups or ()) for of in card.evaluation_details or ()) - sum(map(len, groups))


def _merged(under: Any, over: Any) -> Any:
    """`over`, completed by members of `under`."""
    if not (isinstance(under, Mapping) and isinstance(over, Mapping)):
        return over
    return {**under, **{k: _merged(under[k], v) if k in under else v for k, v in over.items()}}


def _known(evidence: Evidence) -> dict[str, Any]:
    """The facts about the model and its training that the evidence holds."""
    run, flow = evidence.first, evidence.flow
    classes = max((len(f.payload.counts.keys() - {"null"}) for f in run.of(ClassBalance, part="raw")), default=0)
    judged = [f.payload.matrix for f in evidence.whole.of(Performance)]
    classes = classes or max((len({*matrix, *(p for row in matrix.values() for p in row)}) for matrix in judged), default=0)
    kinds = {2: "Binary Classification"} if classes < 3 else {classes: "Multiclass Classification"}
    rows = {f.part: f.payload.row_count for f in run.findings if f.part not in ("", "raw") and f.payload.row_count is not None}
    parts = ", ".join(f"{part} {n:,} rows" for part, n in rows.items())
    problem = {"problem_type": kinds[classes]} if classes in kinds else {}
    trained: dict[str, Any] = {}
    if flow is not None:
        steps = ", ".join(str(step) for _, step in flow.steps("features", "training"))
        observed = f"Prepared by the flow {flow.name}" + (f": {parts}" if parts else "") + (f". Steps: {steps}." if steps else ".")
        trained = {"training_observations": cut(observed, 1024)}
        trained |= {"training_job_details": {"training_datasets": [cut(run.facts.source, 1024)]}} if run.facts.source else {}
    return {
        "model_overview": {"model_name": cut(flow.name, 1024), **problem} if flow is not None else problem,
        **({"training_details": trained} if trained else {}),
        "additional_information": {"custom_details": {f"sha256 of {f.name}": f.sha256 for f in evidence.files}},
    }


def _evaluations(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """An evaluation for each part of each report that something was measured of."""
    for name, report in evidence.reports.items():
        for part in dict.fromkeys(f.part for f in report.findings):
            groups = [{"name": cut(n, 255), "metric_data": data} for n, data in _groups(report, part) if data]
            if groups:
                facts, of_part = report.facts, replace(report, findings=tuple(f for f in report.findings if f.part == part))
                about = {"engine": facts.engine, "started": facts.started, "fingerprint": facts.fingerprint, **facts.versions}
                yield {
                    "name": cut(f"{name}: {part}" if part else name, 63),
                    "evaluation_observation": plain(verdict(of_part)[1]),
                    **({"datasets": [cut(facts.source, 1024)]} if facts.source else {}),
                    "metadata": {word: cut(said, 1024) for word, said in about.items() if said},
                    "metric_groups": groups,
                }


def _groups(report: Report, part: str) -> Groups:
    """The groups of metrics of a part, named as Clarify's analyses are in model cards of SageMaker."""
    yield "rules", [_word(f.name, str(f.outcome or Outcome.ERROR), f.message) for f in report.of("rule", part=part)]
    for stage in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        bias = [f for f in report.of(BiasNumber, part=part) if not f.payload.block]
        of_stage = [f for f in bias if f"{BIAS_METRICS[f.name].stage}_bias_metrics" == stage]
        for facet in dict.fromkeys((f.payload.facet, f.payload.facet_value) for f in of_stage):
            of_facet = [f for f in of_stage if (f.payload.facet, f.payload.facet_value) == facet]
            of = of_facet[0].payload
            name = f"{stage} - label {of.label or of.prediction} = {of.label_value} and facet {of.facet}={of.facet_value}"
            yield name, [m for f in of_facet for m in _number(f.name, f.value, f.message)]
    for f in report.of(Performance, part=part):
        yield f"performance{f' of {f.payload.facet}={f.payload.facet_value}' if f.payload.facet else ''}", _performance(f.payload)
    shap = report.of(ShapValue, part=part)
    for output in dict.fromkeys(f.payload.output for f in shap):
        of_output = [f for f in shap if f.payload.output == output]
        yield f"explanations - global_shap_values, label={output}", [m for f in of_output for m in _number(f.columns, f.value)]
    units = report.of(ShapUnit, part=part)
    for output, column in dict.fromkeys((f.payload.output, f.columns) for f in units):
        of_column = [f for f in units if (f.payload.output, f.columns) == (output, column)]
        name = f"explanations - global_top_shap_text, label={output}, feature={column}"
        yield name, [m for f in of_column for m in _number(f.payload.text or "(empty)", f.value)]
    yield "explanations - pdp", [m for f in report.of(PartialDependence, part=part) for m in _curve(f)]


def _number(name: str, value: Any, notes: str = "") -> Metrics:
    """A number as a metric; none for a missing or infinite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return []
    return [{"name": cut(name, 255), "type": "number", "value": value, **({"notes": cut(plain(notes), 1024)} if notes else {})}]


def _word(name: str, value: str, notes: str = "") -> dict[str, Any]:
    return {"name": cut(name, 255), "type": "string", "value": value, **({"notes": cut(plain(notes), 1024)} if notes else {})}


def _performance(of: Performance) -> Metrics:
    made = [m for name, value in of.rates.items() for m in _number(name, value)]
    names = list(dict.fromkeys([*of.matrix, *(p for row in of.matrix.values() for p in row)]))
    if not 0 < len(names) <= POINTS:
        return made
    cells = [[of.matrix.get(label, {}).get(p, 0) for p in names] for label in names]
    axes = [cut(name, 63) for name in names]
    return [*made, {"name": "confusion matrix", "type": "matrix", "x_axis_name": axes, "y_axis_name": axes, "value": cells}]


def _curve(f: Finding[PartialDependence]) -> Metrics:
    """The mean predictions over a feature: a graph of a number, bars of a category; of more than twenty points some."""
    of = f.payload
    kept = _spread([k for k, mean in enumerate(of.means) if math.isfinite(mean)])
    if not kept:
        return []
    name, y_axis = cut(f"{f.columns}, label={of.output}", 255), cut(f"prediction of {of.output}", 63)
    if of.categorical or not all(isinstance(of.values[k], int | float) for k in kept):
        names = [cut(str(of.values[k]), 63) for k in kept]
        return [{"name": name, "type": "bar_chart", "x_axis_name": names, "y_axis_name": y_axis, "value": [of.means[k] for k in kept]}]
    points = [[of.values[k], of.means[k]] for k in kept]
    return [{"name": name, "type": "linear_graph", "x_axis_name": cut(f.columns, 63), "y_axis_name": y_axis, "value": points}]


def _spread(places: Sequence[int]) -> list[int]:
    """At most as many evenly spaced indices as a chart can show, including the first and the last."""
    if len(places) <= POINTS:
        return list(places)
    return [places[round(i * (len(places) - 1) / (POINTS - 1))] for i in range(POINTS)]
