"""tilth check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tilth.cli.options import ENGINE, INPUT, OUTPUT, READING, engine_from, reading_from, shared, show


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.argument("rules", type=INPUT, metavar="RULES")
@click.option("--json", is_flag=True, help="Print the result as the AWS Glue data quality service shapes it.")
@click.option("-o", "--out", type=OUTPUT, metavar="FILE", help="Write the report too: .html, .json, .xml (JUnit) or .md.")
@click.option(
    "--id", "ids", multiple=True, metavar="COLUMN", help="A column that tells rows apart, shown with what fails; may be repeated."
)
@click.option("--private", multiple=True, metavar="COLUMN", help="A column whose values are masked where they are shown; may be repeated.")
@shared(*READING)
@shared(*ENGINE)
def command(data: str, rules: str, json: bool, out: str | None, ids: tuple[str, ...], private: tuple[str, ...], **options: Any) -> int:
    """Judge DATA by the DQDL ruleset in the file RULES.

    Exit code 0 if every rule passed, 1 if one failed or could not be judged.
    """
    from tilth import verbs
    from tilth.cli.commands import split_options
    from tilth.report.files import refuse_unwritable

    if out:
        refuse_unwritable(out)
    reading, engine_options = split_options(options)
    engine = engine_from(**engine_options)
    ruleset = verbs.ruleset_from(Path(rules))
    table = verbs.read(data, roles={"id": ids, "private": private}, engine=engine, **reading_from(**reading))
    report = verbs.check(table, ruleset, engine=engine)
    if out:
        verbs.write(report, out)
    if json:
        from tilth.aws.glue import to_glue_json

        click.echo(to_glue_json(report))
    else:
        show(report)
    return 0 if report.passed else 1
