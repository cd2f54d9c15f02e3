"""tilth check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tilth.errors import RequestError, unknown
from tilth.options import ENGINE, INPUT, OUTPUT, OUTPUTS, PRIVATE, READING, engine_from, reading_from, shared, show

if TYPE_CHECKING:
    from tilth.checking import ForeignRuleset
    from tilth.rules import Ruleset


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.argument("rules", type=INPUT, metavar="RULES")
@click.option("--json", is_flag=True, help="Print the result in the JSON of AWS Glue Data Quality, or of DataBrew.")
@OUTPUTS
@click.option("--id", "ids", multiple=True, metavar="COLUMN", help="A column that identifies rows, shown for failed rows; may be repeated.")
@PRIVATE
@click.option("--table", "tables", multiple=True, metavar="NAME=PATH", help="Another table that rules may refer to; may be repeated.")
@click.option("--history", type=OUTPUT, metavar="PLACE", help="The metrics of earlier checks, where this one's are added.")
@click.option("--at", type=click.DateTime(), metavar="TIME", help="The time of the check in UTC, for data of an earlier day.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    metavar="N",
    help="How many values, keys or rows are shown of what fails a rule.",
)
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
@click.option(
    "--fail-on",
    multiple=True,
    metavar="KEY=VALUE",
    help="Exit with 1 only if a rule with this label did not pass, such as severity=high; may be repeated.",
)
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str,
    rules: str,
    json: bool,
    outputs: tuple[str, ...],
    ids: tuple[str, ...],
    private: tuple[str, ...],
    tables: tuple[str, ...],
    history: str | None,
    fail_on: tuple[str, ...],
    **options: Any,
) -> int:
    """Check DATA against the ruleset in the file RULES: DQDL, or the JSON of AWS Glue DataBrew (.json).

    Exit code 0 if every rule passed, 1 if one failed or could not be evaluated; with --fail-on only rules with such a label count.
    """
    from tilth import verbs
    from tilth.checking import ForeignRuleset, rules_from
    from tilth.report.files import Outputs

    files = Outputs(outputs)
    sources = _tables(tables)
    engine = engine_from(options)
    ruleset = rules_from(Path(rules))
    labels = _labels(fail_on, ruleset)
    table = verbs.read(data, roles={"id": ids, "private": private}, engine=engine, **reading_from(options))
    report = verbs.check(table, ruleset, engine=engine, sources=sources, history=history, **options)
    files.write(report)
    if json and isinstance(ruleset, ForeignRuleset):
        click.echo(ruleset.to_json(report))
    elif json:
        from tilth.aws.glue import to_glue_json

        click.echo(to_glue_json(report))
    else:
        show(report)
    for rule in report.facts.more.get("rules_without_rows", ()):
        click.echo(f"no row-level result: {rule}", err=True)
    return 1 if report.failures(labels) else 0


def _pairs(items: tuple[str, ...], option: str, form: str) -> list[tuple[str, str]]:
    """What is on both sides of each `=`. Errors: `click.BadParameter` for an item that lacks a side."""
    pairs = [item.partition("=")[::2] for item in items]
    for item, pair in zip(items, pairs, strict=True):
        if not all(pair):
            raise click.BadParameter(f"{item}: expected {form}", param_hint=option)
    return pairs


def _tables(items: tuple[str, ...]) -> dict[str, str]:
    """The path of each table. Errors: `click.BadParameter`."""
    pairs = _pairs(items, "--table", "NAME=PATH")
    if len(dict(pairs)) < len(pairs):
        raise click.BadParameter("a table is named twice: expected NAME=PATH, each name once", param_hint="--table")
    return dict(pairs)


def _labels(items: tuple[str, ...], ruleset: Ruleset | ForeignRuleset) -> list[tuple[str, str]]:
    """The labels by which a rule decides. Errors: `RequestError` for one that no rule has: it would let every failure pass."""
    known = dict.fromkeys(f"{key}={value}" for labels in ruleset.labels for key, value in labels.items())
    RequestError.reject(unknown(items, known, "--fail-on: no rule has the label {}", "unknown-label"))
    return _pairs(items, "--fail-on", "KEY=VALUE")
