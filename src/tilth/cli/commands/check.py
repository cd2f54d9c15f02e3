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
@click.option("--id", "ids", multiple=True, metavar="COLUMN", help="A column that identifies rows, shown with what fails; may be repeated.")
@click.option("--private", multiple=True, metavar="COLUMN", help="A column whose values are masked where they are shown; may be repeated.")
@click.option("--table", "tables", multiple=True, metavar="NAME=PATH", help="A further table that rules may name; may be repeated.")
@click.option("--history", type=OUTPUT, metavar="FILE", help="The metrics of earlier checks, to which those of this one are added.")
@click.option("--passed", type=OUTPUT, metavar="PLACE", help="Write the rows that fail no rule.")
@click.option("--failed", type=OUTPUT, metavar="PLACE", help="Write the rows that fail a rule, with the rules in a column.")
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str,
    rules: str,
    json: bool,
    out: str | None,
    ids: tuple[str, ...],
    private: tuple[str, ...],
    tables: tuple[str, ...],
    history: str | None,
    passed: str | None,
    failed: str | None,
    **options: Any,
) -> int:
    """Judge DATA by the DQDL ruleset in the file RULES.

    Exit code 0 if every rule passed, 1 if one failed or could not be judged.
    """
    from tilth import verbs
    from tilth.cli.commands import split_options
    from tilth.flow.checking import ruleset_from
    from tilth.report.files import refuse_unwritable

    if out:
        refuse_unwritable(out)
    sources = _sources(tables)
    reading, engine_options = split_options(options)
    engine = engine_from(**engine_options)
    ruleset = ruleset_from(Path(rules))
    table = verbs.read(data, roles={"id": ids, "private": private}, engine=engine, **reading_from(**reading))
    report = verbs.check(table, ruleset, engine=engine, sources=sources, history=history, passed=passed, failed=failed)
    if out:
        verbs.write(report, out)
    if json:
        from tilth.aws.glue import to_glue_json

        click.echo(to_glue_json(report))
    else:
        show(report)
    for rule in report.facts.more.get("rules_without_rows", ()):
        click.echo(f"judges no rows: {rule}", err=True)
    return 0 if report.passed else 1


def _sources(tables: tuple[str, ...]) -> dict[str, str]:
    """The path of each name of NAME=PATH. Errors: `click.BadParameter`."""
    pairs = [text.partition("=")[::2] for text in tables]
    for text, (name, path) in zip(tables, pairs, strict=True):
        if not name or not path or [n for n, _ in pairs].count(name) > 1:
            raise click.BadParameter(f"{text}: NAME=PATH is taken, each name once", param_hint="--table")
    return dict(pairs)
