"""tilth run."""

from __future__ import annotations

from typing import Any

import click

from tilth.options import ALLOW_PYTHON, AS_JSON, ENGINE, FULL, INPUT, OUTPUT, REPORTS, SECRET, engine_from, keeping_key, say, shared, show


@click.command()
@click.argument("flow", type=INPUT, metavar="FLOW")
@click.option("-o", "--out", type=OUTPUT, metavar="OUT", help="Where to write the result; by default, the place in the flow.")
@click.option(
    "--history", type=OUTPUT, metavar="PLACE", help="The metrics of earlier runs, for rules that refer to them; this run adds its own."
)
@click.option("--dry-run", is_flag=True, help="Show the queries without running them.")
@REPORTS
@FULL
@AS_JSON
@shared(SECRET, ALLOW_PYTHON, *ENGINE)
def command(
    flow: str,
    out: str | None,
    history: str | None,
    reports: tuple[str, ...] | None,
    dry_run: bool,
    full: bool,
    json: bool,
    secret: str | None,
    **engine: Any,
) -> int:
    """Read, check, prepare, measure and deliver data by the flow file FLOW.

    Writes to OUT a folder of Parquet for each part of the split, the fitted flow, croissant.json, openlineage.jsonl, report.html and
    report.json. Exit code 1 if a rule failed.
    """
    from tilth import verbs
    from tilth.report.files import report_names
    from tilth.store.sealed import written_name
    from tilth.store.uri import joined

    loaded = keeping_key(verbs.flow_from(flow)).with_secret(secret)
    if dry_run:
        from tilth.cli.commands.plan import show_plan

        show_plan(loaded, engine_from(engine), json)
        return 0
    place = out or loaded.deliver.to
    if not place:
        raise click.UsageError("there is no place for the result: give -o OUT, or set `deliver: {to: …}` in the flow")
    report = verbs.run(loaded, out, engine=engine_from(engine), history=history, reports=reports)
    show(report, json, full)
    say(f"report: {written_name(joined(out or joined(loaded.folder, place), report_names(reports)[0]), 'report')}")
    return 0 if report.passed else 1
