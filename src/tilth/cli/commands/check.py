"""tilth check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tilth.options import ENGINE, INPUT, OUTPUT, PRIVATE, READING, engine_from, reading_from, shared, show


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.argument("rules", type=INPUT, metavar="RULES")
@click.option("--json", is_flag=True, help="Print the result in the JSON of AWS Glue Data Quality.")
@click.option("-o", "--out", type=OUTPUT, metavar="FILE", help="Also write the report: .html, .pdf, .json, .xml (JUnit) or .md.")
@click.option("--id", "ids", multiple=True, metavar="COLUMN", help="A column that identifies rows, shown for failed rows; may be repeated.")
@PRIVATE
@click.option("--table", "tables", multiple=True, metavar="NAME=PATH", help="Another table that rules may refer to; may be repeated.")
@click.option("--history", type=OUTPUT, metavar="PLACE", help="The metrics of earlier checks, where this one's are added.")
@click.option("--at", type=click.DateTime(), metavar="TIME", help="The time of the check in UTC, for data of an earlier day.")
@click.option("--passed", type=OUTPUT, metavar="PLACE", help="Write the rows that pass every rule.")
@click.option("--failed", type=OUTPUT, metavar="PLACE", help="Write the rows that fail a rule, with the failed rules in a column.")
@click.option("--rows", type=OUTPUT, metavar="PLACE", help="Write all rows, with the rules that each passes, fails and skips.")
@click.option(
    "--outside-where",
    type=click.Choice(["passed", "skipped"]),
    default="passed",
    show_default=True,
    help="What a row is that a rule's `where` excludes, where rows are written.",
)
@click.option("--rule-labels", is_flag=True, help="Write a rule's labels after it, where rows are written.")
@click.option(
    "--composites",
    type=click.Choice(["column", "row"]),
    default="column",
    show_default=True,
    help="Judge rules with AND and OR by their parts' outcomes, or row by row.",
)
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
    **options: Any,
) -> int:
    """Check DATA against the DQDL ruleset in the file RULES.

    Exit code 0 if every rule passed, 1 if one failed or could not be evaluated.
    """
    from tilth import verbs
    from tilth.checking import ruleset_from
    from tilth.report.files import reject_unwritable

    if out:
        reject_unwritable(out)
    sources = _sources(tables)
    engine = engine_from(options)
    ruleset = ruleset_from(Path(rules))
    table = verbs.read(data, roles={"id": ids, "private": private}, engine=engine, **reading_from(options))
    report = verbs.check(table, ruleset, engine=engine, sources=sources, history=history, **options)
    if out:
        verbs.write(report, out)
    if json:
        from tilth.aws.glue import to_glue_json

        click.echo(to_glue_json(report))
    else:
        show(report)
    for rule in report.facts.more.get("rules_without_rows", ()):
        click.echo(f"no row-level result: {rule}", err=True)
    return 0 if report.passed else 1


def _sources(tables: tuple[str, ...]) -> dict[str, str]:
    """The path of each name of NAME=PATH. Errors: `click.BadParameter`."""
    pairs = [item.partition("=")[::2] for item in tables]
    for item, (name, path) in zip(tables, pairs, strict=True):
        if not name or not path or [n for n, _ in pairs].count(name) > 1:
            raise click.BadParameter(f"{item}: expected NAME=PATH, each name once", param_hint="--table")
    return dict(pairs)
