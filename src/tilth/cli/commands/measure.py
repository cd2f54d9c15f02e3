"""tilth measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from tilth.options import (
    AS_JSON,
    ENGINE,
    INPUT,
    NAMES,
    OUTPUT,
    PRIVATE,
    READING,
    REPORTS,
    TRUSTED,
    beside,
    engine_from,
    reading_from,
    shared,
    show,
)

if TYPE_CHECKING:
    from tilth.aws.clarify.config import AnalysisConfig
    from tilth.engine.session import Session
    from tilth.errors import MachineError
    from tilth.measures.bias.counts import BiasCounts
    from tilth.report import Report

ROLES = ("positive", "prediction", "group", "time", "text", "image", "private")  # options that are roles of the same name


@click.command()
@click.argument("data", type=INPUT, metavar="DATA", required=False)
@click.option("--config", type=INPUT, metavar="FILE", help="A SageMaker Clarify analysis_config.json that says what to measure.")
@click.option("--strict-clarify", "strict", is_flag=True, help="With --config: leave what Clarify's own file lacks out of analysis.json.")
@click.option("-o", "--out", type=OUTPUT, metavar="DIR", help="Where to write analysis.json and the report.")
@REPORTS
@click.option("--against", type=INPUT, metavar="OTHER", help="Other data to compare with, such as the prepared data.")
@click.option("--label", metavar="COLUMN", help="The label: the column to predict.")
@click.option("--positive", multiple=True, metavar="VALUE", help="The favourable label value; may be repeated.")
@click.option("--prediction", metavar="COLUMN", help="The predictions of a model: labels, or scores with --threshold.")
@click.option("--threshold", type=float, metavar="SCORE", help="The score above which a prediction is favourable.")
@click.option("--facet", multiple=True, metavar="COLUMN", help="A column to measure bias against; may be repeated.")
@click.option("--group", metavar="COLUMN", help="The strata of conditional disparity.")
@click.option(
    "--clusters",
    metavar="COLUMN",
    help="A column that groups rows that belong together, such as those of a patient; intervals resample them together.",
)
@click.option("--strata", multiple=True, metavar="COLUMN", help="A column that may explain differences, or `all`; may be repeated.")
@click.option("--text", multiple=True, metavar="COLUMN", help="A column of texts, for facets such as @script; may be repeated.")
@click.option("--image", metavar="COLUMN", help="The column of paths of images, for facets such as @brightness.")
@click.option("--id", "ids", multiple=True, metavar="COLUMN", help="A column that identifies rows; may be repeated.")
@click.option("--time", metavar="COLUMN", help="The column with the time of each row, which orders the steps of series.")
@PRIVATE
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    help="A measure such as insights or bias, or a metric such as mean:age; may be repeated. Default: all that the roles allow.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="CONDITION",
    help='Exit with 1 if this condition holds for a group, such as "abs(DPL) > 0.1"; may be repeated.',
)
@click.option(
    "--save-counts",
    "counts_file",
    type=OUTPUT,
    metavar="FILE",
    help="Also write the counts that bias is computed from; you can pass the file as DATA later.",
)
@click.option(
    "--model",
    type=INPUT,
    metavar="MODEL",
    help="The model for --measure shap, pdp, importance: a file, a flow that predicts, or http://HOST/PATH; bias_variance retrains it.",
)
@click.option("--columns", type=NAMES, metavar="A,B,…", help="The columns that the model takes, if it does not name them.")
@TRUSTED
@click.option(
    "--explain-text",
    "units",
    type=click.Choice(("token", "sentence", "paragraph")),
    metavar="UNIT",
    help="The parts of a text that --measure shap explains: token, sentence or paragraph.",
)
@click.option(
    "--save-shap", "shap_file", type=OUTPUT, metavar="FILE", help="Also write the SHAP values of the explained rows: CSV, or *.jsonl."
)
@AS_JSON
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str | None,
    config: str | None,
    strict: bool,
    out: str | None,
    reports: tuple[str, ...] | None,
    against: str | None,
    json: bool,
    label: str | None,
    facet: tuple[str, ...],
    measures: tuple[str, ...],
    threshold: float | None,
    strata: tuple[str, ...],
    clusters: str | None,
    fail_on: tuple[str, ...],
    counts_file: str | None,
    model: str | None,
    columns: tuple[str, ...] | None,
    trusted: tuple[str, ...],
    units: str | None,
    shap_file: str | None,
    **options: Any,
) -> int:
    """Measure DATA: its profile, its bias by facets and label, and with --measure insights what it can predict and what is wrong with it.

    With --config, the file says what to measure, and DIR/analysis.json has the format of SageMaker Clarify. Exit code 1 if a condition of
    --fail-on holds or cannot be evaluated, 3 if a measure failed, such as one of a model that does not answer; the results of the others
    are kept.
    """
    from tilth.flow.delivery import deliver_report
    from tilth.measures.conditions import verdicts
    from tilth.measures.endpoint.kept import kept_beside
    from tilth.measures.explain.local import reject_csv
    from tilth.report.files import report_names
    from tilth.store.places import reject_foreign

    roles = {"label": label, "facet": facet, "id": options.pop("ids")} | {name: options.pop(name) for name in ROLES}
    bias: dict[str, Any] = {"threshold": threshold, "strata": strata or None, "clusters": clusters, "counts": bool(counts_file) or None}
    bias = {name: value for name, value in bias.items() if value is not None}
    explained: dict[str, Any] = {"model": model, "columns": columns or (), "trusted": trusted}
    _reject_unfit(data, config, measures, any(explained.values()), bool(shap_file or units), bool(bias))
    _reject_unwritten(config, out, strict, reports)
    if shap_file and units:
        reject_csv(shap_file)
    names = report_names(reports)
    if out:
        reject_foreign(out)
    analysis = None if config is None else _analysis(config, explained, options)
    engine, reading = engine_from(options), reading_from(options)
    with kept_beside(out) as kept:
        if analysis is not None:
            report, failed = _by_config(data, analysis, out, reports, reading, engine, bool(counts_file), kept, strict)
        else:
            given = {"bias": bias, "bias_variance": {"learner": model, "trusted": trusted} if model else {}}
            given |= _explaining({**explained, "model": _asked(model, kept)}, bool(shap_file), units)
            asked = [{m: given[m]} if m in given else m for m in measures]
            report, failed = _of_data(str(data), {k: v for k, v in roles.items() if v}, asked, bias, against, reading, engine)
        report = _save(report, counts_file, shap_file)
        report = replace(report, findings=(*report.findings, *verdicts(report.findings, fail_on)))
        if out and config is None:
            deliver_report(report, out, names)
        show(report, json)
        if failed is not None:
            raise failed
    return 0 if report.passed else 1


def _analysis(config: str, explained: Mapping[str, Any], options: dict[str, Any]) -> AnalysisConfig:
    """The configuration in a file, with the model of the command line. It names the engine, unless --engine is given."""
    from tilth.aws.clarify.config import AnalysisConfig

    found = AnalysisConfig.load(config, **{name: list(v) if isinstance(v, tuple) else v for name, v in explained.items() if v})
    if found.tilth.engine and click.get_current_context().get_parameter_source("engine") is ParameterSource.DEFAULT:
        options["engine"] = found.tilth.engine
    return found


def _reject_unfit(data: str | None, config: str | None, measures: Sequence[str], model: bool, shap: bool, bias: bool) -> None:
    """Reject options that contradict each other or would not be used."""
    if data is None and config is None:
        raise click.UsageError("there is no data: give DATA, or --config with a dataset_uri")
    if measures and config is not None:
        raise click.UsageError("--measure and --config exclude each other: the file says what to measure")
    if model and config is None and not {*measures} & {"importance", "pdp", "shap", "asymmetric_shap", "image_shap", "bias_variance"}:
        raise click.UsageError("--model, --columns and --trusted are for measures of a model: add --measure shap, or --config")
    if shap and not {*measures} & {"shap", "asymmetric_shap", "image_shap"}:
        raise click.UsageError("--save-shap and --explain-text are for SHAP values: add --measure shap --model FILE")
    if bias and measures and "bias" not in measures:
        raise click.UsageError("--threshold, --strata, --clusters and --save-counts are for the measure bias: add --measure bias")


def _reject_unwritten(config: str | None, out: str | None, strict: bool, reports: Sequence[str] | None) -> None:
    """Reject options of files that would not be written."""
    if strict and not (config and out):
        raise click.UsageError("--strict-clarify: give --config FILE and -o DIR, where analysis.json is written")
    if reports and not out:
        raise click.UsageError("--report: give -o DIR, where the report is written")


def _explaining(model: Mapping[str, Any], local: bool, units: str | None) -> dict[str, dict[str, Any]]:
    """Measure → its parameters, for the measures of a model. `local`: keep the SHAP values of single rows."""
    text = {"granularity": units} if units else None
    return {
        "importance": {**model},
        "pdp": {**model},
        "shap": {**model, "local": local, "text_config": text},
        "asymmetric_shap": {**model, "local": local},
        "image_shap": {"model": model["model"]},
    }


def _asked(model: str | None, kept: str) -> Any:
    """The model behind an address, with its answers kept in a file; the name of a model in a file is returned unchanged."""
    from tilth.measures.endpoint.model import EndpointModel
    from tilth.web.client import is_address

    return EndpointModel(str(model), kept=kept) if is_address(model) else model


def _of_data(
    data: str,
    roles: Mapping[str, Any],
    asked: list[Any],
    bias: dict[str, Any],
    against: str | None,
    reading: dict[str, Any],
    engine: Session,
) -> tuple[Report, MachineError | None]:
    """Measure data or saved counts. The second result is the error if a measure is left out because the machine failed."""
    from tilth import verbs
    from tilth.measures.bias.counts import read_counts

    if (counts := read_counts(data)) is not None:
        return _of_counts(counts, {**roles, **({"strata": bias["strata"]} if "strata" in bias else {})}, data, engine), None
    table = verbs.read(data, roles=roles, engine=engine, **reading)
    other = None
    if against is not None:
        place = beside(against, data, reading.get("secret"))
        other = replace(verbs.read(place, engine=engine, **{**reading, "secret": None}), roles=table.roles)
    return verbs.measure_all(table, asked or None, against=other, engine=engine, **({} if asked else bias))


def _save(report: Report, counts_file: str | None, shap_file: str | None) -> Report:
    """Write the counts behind bias, and the SHAP values of single rows or series. Return the report without them."""
    from tilth.measures.bias.counts import BiasCounts, save_counts
    from tilth.measures.explain.forecast_findings import ForecastValues, save_items
    from tilth.measures.explain.images.findings import ShapImage, save_images
    from tilth.measures.explain.local import LocalValues, save_local

    if counts_file:
        kept = report.of(BiasCounts)
        if not kept:
            raise click.UsageError("--save-counts: bias was not measured; give --facet, and --label with --positive")
        save_counts(kept[0].payload, counts_file)
    if shap_file:
        for found in report.of(LocalValues):
            save_local(found.payload, shap_file)
        for items in report.of(ForecastValues):
            save_items(items.payload, shap_file)
        if images := report.of(ShapImage):
            save_images(images, shap_file)
    written = {BiasCounts.KIND} if counts_file else set()
    written |= {LocalValues.KIND, ForecastValues.KIND} if shap_file else set()
    return replace(report, findings=tuple(f for f in report.findings if f.kind not in written))


def _of_counts(counts: BiasCounts, roles: Mapping[str, Any], source: str, engine: Session) -> Report:
    """Measure the bias of a saved table of counts, by the given roles, otherwise by the roles saved with it."""
    from tilth.engine.facts import begin
    from tilth.measures.bias import bias_findings
    from tilth.report import Report

    refused = sorted(set(roles) & {"id", "private", "time", "text", "image"})
    if refused:
        raise click.UsageError(f"{source} is a table of counts: --{refused[0]} does not apply to it")
    names = {"facet": "facets"}
    given = {names.get(k, k): tuple(v) if isinstance(v, tuple) else v for k, v in roles.items()}
    facts = begin(engine)
    table = counts.table()
    with engine.working_for("bias"):
        findings = bias_findings(table, counts.request(**given), engine=engine)
    return Report("measure", tuple(findings), replace(facts(table, counts.row_count), source=source))


def _by_config(
    data: str | None,
    analysis: AnalysisConfig,
    out: str | None,
    reports: Sequence[str] | None,
    reading: dict[str, Any],
    engine: Session,
    counts: bool,
    kept: str,
    strict: bool,
) -> tuple[Report, MachineError | None]:
    """Run the analyses of a Clarify configuration; write its result file and the report to `out`. The second result is the error if the
    model's answers are missing."""
    from tilth.aws.clarify.analysis import analysed, deliver_analysis
    from tilth.aws.clarify.reading import read_data

    table, named = read_data(analysis, data, engine, **reading)
    made = analysed(table, named, engine, counts, kept)
    if out:
        deliver_analysis(made, analysis, out, reports, strict)
    return made.report, made.failed
