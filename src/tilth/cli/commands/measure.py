"""tilth measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tilth.cli.options import ENGINE, INPUT, OUTPUT, READING, engine_from, reading_from, shared, show

if TYPE_CHECKING:
    from tilth.engine.session import Session
    from tilth.report import Report


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.option("--config", type=INPUT, metavar="FILE", help="A SageMaker Clarify analysis_config.json that says what to measure.")
@click.option("-o", "--out", type=OUTPUT, metavar="DIR", help="Where to write analysis.json and the report.")
@click.option("--label", metavar="COLUMN", help="The label, for bias without a configuration.")
@click.option("--positive", multiple=True, metavar="VALUE", help="The favourable label value; may be repeated.")
@click.option("--facet", multiple=True, metavar="COLUMN", help="A column to measure bias against; may be repeated.")
@click.option("--group", metavar="COLUMN", help="The strata of conditional disparity.")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    help="A measure such as bias, or a metric such as mean:age; may be repeated; default: all that the roles allow.",
)
@click.option("--json", is_flag=True, help="Print the report as JSON.")
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str,
    config: str | None,
    out: str | None,
    json: bool,
    label: str | None,
    facet: tuple[str, ...],
    measures: tuple[str, ...],
    **options: Any,
) -> int:
    """Measure the profile of DATA, and its bias by facets and label.

    With --config the file decides, and DIR/analysis.json has the format of SageMaker Clarify.
    """
    from tilth import verbs
    from tilth.flow.delivery import deliver_report
    from tilth.store.places import reject_foreign

    roles = {"label": label, "facet": facet, "positive": options.pop("positive"), "group": options.pop("group")}
    if out:
        reject_foreign(out)
    engine = engine_from(options)
    if config is not None:
        report = _by_config(data, config, out, reading_from(options), engine)
    else:
        table = verbs.read(data, roles={k: v for k, v in roles.items() if v}, engine=engine, **reading_from(options))
        report = verbs.measure(table, measures or None, engine=engine)
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
