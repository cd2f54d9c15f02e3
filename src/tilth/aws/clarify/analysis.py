"""A SageMaker Clarify configuration, run: from `analysis_config.json` to a report and the result file `analysis.json`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import pyarrow as pa

from tilth.aws.clarify.checks import IMAGES, PREDICTING
from tilth.aws.clarify.config import VERSION, AnalysisConfig
from tilth.aws.clarify.explanations import EXPLAINING, Explanations, explained, explanations_json
from tilth.aws.clarify.images import explained_images, image_model_of
from tilth.aws.clarify.learner import bias_variance_json, learned
from tilth.aws.clarify.predicting import model_of, with_predictions
from tilth.aws.clarify.segments import read_as_in, segments
from tilth.aws.clarify.series import explained_series, series_model_of
from tilth.aws.clarify.shape import ReportName
from tilth.aws.clarify.terms import terms_json
from tilth.data import Dataset, Schema
from tilth.engine.facts import begin
from tilth.engine.layers import filtered
from tilth.engine.session import Session
from tilth.flow.delivery import write_reports
from tilth.measures.bias import BiasRequest, bias_findings
from tilth.measures.bias.content import with_content
from tilth.measures.bias.findings import bias_and_groups
from tilth.measures.bias.metrics import stage_of
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.performance import Performance
from tilth.measures.bias.terms import Term, Terms
from tilth.measures.bias_variance.payload import BiasVariance
from tilth.measures.endpoint.model import EndpointModel
from tilth.report import Finding, Report, jsonable, warning
from tilth.report.files import has_pdf, report_names
from tilth.store.places import atomic
from tilth.store.uri import Place
from tilth.web.client import EndpointFailed

IS = " = "  # between the name of segments and one of them, in the part of its findings
Explain: TypeAlias = Callable[[Dataset, AnalysisConfig, Any, tuple[str, ...], Session], Explanations]
BLOCKS = ("by_label_value", "continuous", "generalized_entropy")
ADDED = ("status", "notes", "n_used", "n_excluded", "method", "p_value", "p_adjusted", "verdict")
STRATA = ("strata", "one_sided_strata", "one_sided_share", "smallest_stratum", "plain_disparity", "largest_strata", "largest")
FLIPS = ("neighbours", "rows_of_a", "flips_to_accepted", "flips_to_refused", "FT_documented", "FT_scaled")


@dataclass(frozen=True, eq=False)
class Analysis:
    """The result of a configuration: the report, and further files: tables as CSV, lists as JSON Lines, pictures.

    `failed` says why results that need the model are missing.
    """

    report: Report
    files: Mapping[str, pa.Table | list[Any] | bytes] = field(default_factory=dict)
    failed: EndpointFailed | None = None


def analysed(data: Dataset, config: AnalysisConfig, engine: Session, counts: bool = False, kept: str = "") -> Analysis:
    """Compute everything that a configuration requests. If the data has no predictions, the model's predictions are used for bias.

    Indices of columns are those of `data`. Warnings name what this version does not compute. `analysis_json` converts the report to
    Clarify's result file. With `counts` the table of counts is a finding too; `kept` is the file of a model's answers. If a model at an
    address fails, results that need its answers are left out, with the warning `MODEL_FAILED`.

    Errors: `RequestError` with every mistake of the configuration, `ColumnError` for unknown columns, `EndpointFailed` if nothing is left.
    """
    facts = begin(engine)
    table, named, more, files = data, config, dict[str, Any](), dict[str, pa.Table | list[Any] | bytes]()
    schema = engine.schema(data)
    config.reject_unknown(schema)
    findings, failed = [warning("NOT_COMPUTED", m, measure="clarify") for m in config.left_out], None
    if config.asks_model:
        model, columns, explain = _explaining(config, schema, kept)
        more |= {"model": config.tilth.predictor.model} | ({"model_columns": list(columns)} if columns else {})
        try:
            if PREDICTING in config.asks_model:
                with engine.working_for("predictions"):
                    table, named, made = with_predictions(data, config, model, columns, engine)
                more["predictions"] = made.rule
                findings += made.warnings
                files |= {"predictions.csv": made.table} if config.tilth.predictor.save_predictions else {}
            if {*EXPLAINING} & {*config.asks_model}:
                explanations = explain(table, config, model, columns, engine)
                findings += explanations.findings
                files |= explanations.files
        except EndpointFailed as error:
            failed, named = error, named if "predictions" in more else config.without(*config.asks_model)
            if not named.metrics:
                raise
            message = "; ".join(m.message for m in error.mistakes)
            findings.append(warning("MODEL_FAILED", f"{message}: what needs more of its answers is left out", measure="clarify"))
    if named.metrics:
        table = replace(table, roles=config.media(schema, table.roles))
        table, request = with_content(table, replace(named.request(engine.schema(table)), counts=counts), engine, whole=True)
        findings += _bias(table, named, request, engine)
        if table.roles.text and config.methods.pre_training_bias is not None and request.label is not None:
            findings += _terms(table, request, engine)
        findings += learned(config.learner, table, request, engine) if config.learner is not None else []
        more |= {"seed": request.seed, "bootstrap": request.bootstrap}
    if config.asks_model and isinstance(model, EndpointModel):
        more["requests"] = {**vars(model.tally), "seconds": round(model.tally.seconds, 3)}
    report = Report("measure", tuple(findings))
    return Analysis(replace(report, facts=facts(data, report.rows, **more)), files, failed)


def _explaining(config: AnalysisConfig, schema: Schema, kept: str) -> tuple[Any, tuple[str, ...], Explain]:
    """The model, the columns that it takes, and what explains its predictions: of rows, images or time series."""
    if config.dataset_type == IMAGES:
        return image_model_of(config, kept), (), explained_images
    if config.time_series_data_config is not None:
        return *series_model_of(config, kept), explained_series
    return *model_of(config, schema, kept), explained


def _bias(data: Dataset, config: AnalysisConfig, request: BiasRequest, engine: Session) -> list[Finding]:
    """The bias of all rows, and of the rows of each segment."""
    with engine.working_for("bias"):
        findings, groups = bias_and_groups(data, request, engine)
    request = read_as_in((f for f in findings if isinstance(f.payload, BiasNumber)), replace(request, counts=False)).cut_as(groups)
    for name, segment, condition in segments(config.segment_config, engine.schema(data)):
        with engine.working_for(f"bias of {name}={segment}"):
            of_segment = bias_findings(filtered(data, condition), request, engine=engine)
        findings += [replace(f, part=f"{name}{IS}{segment}") for f in of_segment]
    return findings


def _terms(data: Dataset, request: BiasRequest, engine: Session) -> list[Finding]:
    """How the words of the texts are related to the label."""
    labelled = replace(data, roles=replace(data.roles, label=request.label, positive=request.positive))
    with engine.working_for("words of texts"):
        return Terms(bootstrap=request.bootstrap, confidence=request.confidence, seed=request.seed).measure(labelled, labelled, engine)[0]


def deliver_analysis(
    analysis: Analysis, config: AnalysisConfig, place: Place, suffixes: Iterable[str] | None = None, strict: bool = False
) -> None:
    """Write SageMaker Clarify's output files (`analysis.json`, a copy of the configuration, files of explanations) and the report.

    These have the stem of `methods.report.name`, and the formats of `suffixes`: by default HTML, and where `methods.report` asks for a
    report also a notebook and, with the extra `pdf`, a PDF, as Clarify writes them. `strict`: `analysis.json` has Clarify's keys only.

    Errors: `MachineError` if the disk is full or not writable.
    """
    about = config.methods.report or ReportName()
    default = ["html"] if config.methods.report is None else ["html", "ipynb", *(["pdf"] if has_pdf() else [])]
    names = report_names(suffixes or default, about.name or "report")
    with atomic(place, folder=True) as folder:
        copy = config.model_dump(mode="json", exclude_unset=True)
        for name, content in (("analysis.json", analysis_json(analysis.report, strict)), ("analysis_config.json", copy)):
            (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
        for name, rows in analysis.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(rows, bytes):
                (folder / name).write_bytes(rows)
                continue
            with (folder / name).open("w", encoding="utf-8", newline="") as file:
                if isinstance(rows, list):
                    file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
                else:
                    csv.writer(file).writerows([rows.column_names, *zip(*(c.to_pylist() for c in rows.columns), strict=True)])
        write_reports(replace(analysis.report, title=about.title or analysis.report.title), folder, names)


def analysis_json(report: Report, strict: bool = False) -> dict[str, Any]:
    """A report's findings of bias and explanations in the shape of Clarify's `analysis.json`, ready for `json.dumps`.

    Infinities are the strings `"Infinity"` and `"-Infinity"`. What Clarify's own file lacks (intervals, counts, status, notes,
    distances over all values of the label, terms of texts, facts of the run, warnings) has separate keys; `strict` omits them.
    """
    made: dict[str, Any] = {"version": VERSION, **_stages(report, "", strict), **explanations_json(report, strict)}
    if not strict:
        for part in dict.fromkeys(f.part for f in report.of(BiasNumber) if f.part):
            name, _, segment = part.partition(IS)
            for key, section in _stages(report, part, strict).items():
                made.setdefault(key, {}).setdefault("segments", []).append({"config_name": name, "segment": segment, **section})
        made |= {"bias_variance": bias_variance_json(found)} if (found := report.of(BiasVariance)) else {}
        made |= {"terms": terms_json(terms)} if (terms := report.of(Term)) else {}
        f = report.facts
        made["warnings"] = [{"code": w.name, "message": w.message} for w in report.of("warning")]
        run = {name: getattr(f, name) for name in ("source", "engine", "rows", "started", "seconds", "fingerprint")}
        made["run"] = {**run, "scans": len(f.scans), "versions": dict(f.versions), **f.more}
    whole: dict[str, Any] = jsonable(made)
    return whole


def _stages(report: Report, part: str, strict: bool) -> dict[str, Any]:
    """The sections of a part: of labels, of predictions and, unless `strict`, the performance of these."""
    performance = {(f.payload.facet, f.payload.facet_value): f.payload for f in report.of(Performance, part=part)}
    made: dict[str, Any] = {}
    for stage in ("pre_training", "post_training"):
        of_part = report.of(BiasNumber, part=part)
        findings = [f for f in of_part if stage_of(f.name) == stage]
        made |= {f"{stage}_bias_metrics": _section(findings, performance, strict)} if findings else {}
    return made | ({"performance": _performance(performance["", ""])} if ("", "") in performance and not strict else {})


Performances = Mapping[tuple[str, str], Performance]
"""(facet, facet value) → performance; of all rows under two empty strings."""


def _performance(of: Performance) -> dict[str, Any]:
    """The performance of all predictions; `confusion_matrix` is over the values that the label has, `confusion_matrix_full` over all."""
    made: dict[str, Any] = {"model_performance_metrics": [{"name": n, "description": n, "value": v} for n, v in of.rates.items()]}
    made["binary_confusion_matrix"] = [n / of.rows for n in of.cells] if of.rows else None
    if of.matrix:
        predicted = sorted({p for row in of.matrix.values() for p in row})
        seen = sorted(of.matrix)
        made["confusion_matrix"] = {y: {p: of.matrix[y].get(p, 0.0) for p in seen} for y in seen}
        made["confusion_matrix_full"] = {y: {p: of.matrix[y].get(p, 0.0) for p in sorted({*seen, *predicted})} for y in seen}
    return made


def _section(findings: Sequence[Finding[BiasNumber]], performance: Performances, strict: bool) -> dict[str, Any]:
    label = findings[0].payload.label
    facets: dict[str, dict[str, list[Finding[BiasNumber]]]] = {}
    for f in findings:
        facets.setdefault(f.payload.facet, {}).setdefault(f.payload.facet_value, []).append(f)
    about = {} if label is None else {"label": label, "label_value_or_threshold": findings[0].payload.label_value}
    if not strict and (read := findings[0].payload.label_read):
        about["label_read_as"] = read
    return {
        **about,
        "facets": {
            name: [_group(v, of, performance.get((name, v)), strict) for v, of in groups.items()] for name, groups in facets.items()
        },
    }


def _group(value: str, findings: Sequence[Finding[BiasNumber]], performance: Performance | None, strict: bool) -> dict[str, Any]:
    folded = sorted((f for f in findings if not f.payload.block), key=lambda f: f.name)
    made: dict[str, Any] = {"value_or_threshold": value, "metrics": [_metric(f, strict) for f in folded]}
    if strict:
        return made
    if findings[0].payload.facet_read:
        made["read_as"] = findings[0].payload.facet_read
    counts = folded[0].payload.counts if folded else {}
    made |= {"counts": counts, "basic_stats": _basic(counts)}
    if performance is not None and performance.rows:
        made["basic_stats"]["confusion_matrix"] = [n / performance.rows for n in performance.cells]
    for block in BLOCKS:
        inside = [_metric(f, strict) for f in findings if f.payload.block == block]
        made |= {block: inside} if inside else {}
    return made


def _metric(f: Finding[BiasNumber], strict: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": f.name, "description": f.payload.description, "value": f.value}
    if f.value is None:
        made["error"] = f.payload.error
    if strict:
        return made
    made |= {"ci_low": f.low, "ci_high": f.high, "confidence": f.confidence} | {k: getattr(f.payload, k) for k in ADDED}
    return made | {k: f.payload.more[k] for k in (*STRATA, *FLIPS) if k in f.payload.more} | {"meaning": f.message}


def _basic(counts: Mapping[str, float]) -> dict[str, Any]:
    rows = counts.get("n_a", 0) + counts.get("n_d", 0)
    positive, known = counts.get("n_d_positive", 0), counts.get("n_d_positive", 0) + counts.get("n_d_negative", 0)
    made: dict[str, Any] = {"proportion": counts["n_d"] / rows} if rows else {}
    return made | ({"observed_label_distribution": [positive / known, 1 - positive / known]} if known else {})
