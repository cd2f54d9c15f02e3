"""tilth measure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tilth.options import AS_JSON, ENGINE, INPUT, OUTPUT, PRIVATE, READING, engine_from, reading_from, shared, show

if TYPE_CHECKING:
    from tilth.engine.session import Session
    from tilth.report import Report


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.option("--config", type=INPUT, metavar="FILE", help="A SageMaker Clarify analysis_config.json that says what to measure.")
@click.option("-o", "--out", type=OUTPUT, metavar="DIR", help="Where to write analysis.json and the report.")
@click.option("--against", type=INPUT, metavar="OTHER", help="Other data to compare with, such as what was made of it.")
@click.option("--label", metavar="COLUMN", help="The label: what is to be predicted.")
@click.option("--positive", multiple=True, metavar="VALUE", help="The favourable label value; may be repeated.")
@click.option("--facet", multiple=True, metavar="COLUMN", help="A column to measure bias against; may be repeated.")
@click.option("--group", metavar="COLUMN", help="The strata of conditional disparity.")
@click.option("--id", "ids", multiple=True, metavar="COLUMN", help="A column that identifies rows; may be repeated.")
@PRIVATE
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    help="A measure such as insights or bias, or a metric such as mean:age; may be repeated; default: all that the roles allow.",
)
@AS_JSON
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str,
    config: str | None,
    out: str | None,
    against: str | None,
    json: bool,
    label: str | None,
    facet: tuple[str, ...],
    measures: tuple[str, ...],
    **options: Any,
) -> int:
    """Measure the profile of DATA, its bias by facets and label, and with --measure insights what it predicts and what is wrong with it.

    With --config the file decides, and DIR/analysis.json has the format of SageMaker Clarify.
    """
    from tilth import verbs
    from tilth.flow.delivery import deliver_report
    from tilth.store.places import reject_foreign

    roles = {"label": label, "facet": facet, "id": options.pop("ids")}
    roles |= {name: options.pop(name) for name in ("positive", "group", "private")}
    if out:
        reject_foreign(out)
    engine = engine_from(options)
    if config is not None:
        report = _by_config(data, config, out, reading_from(options), engine)
    else:
        reading = reading_from(options)
        table = verbs.read(data, roles={k: v for k, v in roles.items() if v}, engine=engine, **reading)
        other = None if against is None else replace(verbs.read(against, engine=engine, **reading), roles=table.roles)
        report = verbs.measure(table, measures or None, against=other, engine=engine)
        if out:
            deliver_report(report, out)
    show(report, json)
    return 0


def _by_config(data: str, config: str, out: str | None, reading: dict[str, Any], engine: Session) -> Report:
    """Run the analyses of a Clarify configuration; write its result file and the report to `out`."""
    from tilth import verbs
    from tilth.aws.clarify.analysis import deliver_analysis, measure_config
    from tilth.aws.clarify.config import AnalysisConfig

    analysis = AnalysisConfig.load(config)
    report = measure_config(verbs.read(data, engine=engine, **{**analysis.reading, **reading}), analysis, engine)
    if out:
        deliver_analysis(report, analysis, out)
    return report
