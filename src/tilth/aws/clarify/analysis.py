"""A SageMaker Clarify configuration, run: from `analysis_config.json` to a report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tilth.aws.clarify.config import AnalysisConfig, analysis_json, warnings
from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.flow.delivery import write_reports
from tilth.flow.facts import begin
from tilth.measures.bias import BiasRequest, Facet, bias_findings
from tilth.report import FindingKind, Report
from tilth.store.places import atomic
from tilth.store.uri import Place


def measure_config(data: Dataset, config: AnalysisConfig | str | Path, engine: Session) -> Report:
    """The bias metrics that a configuration asks for; what this version does not compute of it is said in warnings.

    `config` is a configuration or the path of its file; its indices of columns are those of `data`. `analysis_json` makes Clarify's
    result file of the report. Errors: `RequestError` with every mistake of the configuration, `ColumnError` for columns that are not there,
    `Gap` where nothing of it can be computed.
    """
    config = config if isinstance(config, AnalysisConfig) else AnalysisConfig.load(config)
    facts = begin(engine)
    request = request_of(config, data)
    with engine.working_for("bias"):
        found = bias_findings(data, request, engine=engine)
    rows = next((f.details["n_used"] + f.details["n_excluded"] for f in found if f.kind is FindingKind.BIAS), None)
    return Report(
        "measure", (*found, *warnings(config.left_out)), replace(facts(data, seed=request.seed, bootstrap=request.bootstrap), rows=rows)
    )


def request_of(config: AnalysisConfig, data: Dataset) -> BiasRequest:
    """What a configuration asks of a table."""
    asked: dict[str, Any] = config.bias(data.names)
    return BiasRequest(tuple(Facet(column, values) for column, values in asked.pop("facets")), **asked)


def deliver_analysis(report: Report, config: Any, place: Place) -> None:
    """What SageMaker Clarify leaves of a configuration: `analysis.json` and a copy of the configuration, and the report beside them.

    Errors: `MachineError` where the disk is full or may not be written.
    """
    with atomic(place, folder=True) as folder:
        for name, content in (("analysis.json", analysis_json(report)), ("analysis_config.json", config)):
            (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
        write_reports(report, folder)
