"""tilth check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tilth.cli.every import Every, repeated
from tilth.errors import RequestError, listed, unknown
from tilth.options import ENGINE, INPUT, JUDGING, OUTPUT, OUTPUTS, PRIVATE, READING, beside, reading_from, sessions_from, shared, show

if TYPE_CHECKING:
    from tilth.checking import ForeignRuleset
    from tilth.report import Report
    from tilth.rules import Ruleset

MOST_RULES = 5  # failed rules named in the line of a check


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.argument("rules", type=INPUT, metavar="RULES")
@click.option("--json", is_flag=True, help="Print the result in the JSON of AWS Glue Data Quality, or of DataBrew.")
@OUTPUTS
@click.option("--id", "ids", multiple=True, metavar="COLUMN", help="A column that identifies rows, shown for failed rows; may be repeated.")
@PRIVATE
@click.option("--table", "tables", multiple=True, metavar="NAME=PATH", help="Another table that rules may refer to; may be repeated.")
@click.option(
    "--history", type=OUTPUT, metavar="PLACE", help="The file or database with the metrics of earlier checks; this check adds its own."
)
@click.option("--at", metavar="TIME", help="The time of the check in UTC, to check data of an earlier day, such as 2026-01-31.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    metavar="N",
    help="The number of failing values, keys or rows to show for each rule.",
)
@click.option("--passed", type=OUTPUT, metavar="PLACE", help="Write the rows that pass every rule.")
@click.option("--failed", type=OUTPUT, metavar="PLACE", help="Write the rows that fail a rule, with the failed rules in a column.")
@click.option("--rows", type=OUTPUT, metavar="PLACE", help="Write all rows, with the rules that each passes, fails and skips.")
@click.option(
    "--outside-where",
    type=click.Choice(["passed", "skipped"]),
    default="passed",
    show_default=True,
    help="In written rows, the verdict for rows that a rule's `where` excludes.",
)
@click.option("--rule-labels", is_flag=True, help="In written rows, add each rule's labels.")
@shared(*JUDGING)
@click.option("--observe/--no-observe", default=True, help="With --history, report numbers outside the range that earlier checks suggest.")
@click.option(
    "--what-if", is_flag=True, help="Damage a copy of the data in several ways, and show which rules notice; --json then prints the report."
)
@click.option(
    "--sql-seconds",
    type=click.FloatRange(0, min_open=True),
    default=600,
    show_default=True,
    metavar="N",
    help="The time limit for the query of each CustomSql.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="KEY=VALUE",
    help="Exit with 1 only if a rule with this label did not pass, such as severity=high; may be repeated.",
)
@click.option(
    "--every",
    type=Every(),
    metavar="TIME",
    help="Repeat the check at this interval, such as 15m (s, m, h or d), and print a line for each; stop with SIGINT or SIGTERM.",
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
    every: float | None,
    **options: Any,
) -> int:
    """Check DATA against the ruleset in the file RULES: DQDL, or the JSON of AWS Glue DataBrew (.json).

    Exit code 0 if every rule passed, 1 if one failed or could not be evaluated; with --fail-on, only rules with that label count.
    """
    from tilth import verbs
    from tilth.checking import rules_from
    from tilth.report.files import Outputs
    from tilth.store.uri import is_local

    if every and options["at"]:
        raise click.BadParameter("--at and --every exclude each other: a repeated check uses the time at which it runs", param_hint="--at")
    files = Outputs(outputs)
    named = _tables(tables)
    sessions, reading = sessions_from(options), reading_from(options)
    sources = {name: beside(place, data, reading.get("secret")) for name, place in named.items()}
    ruleset = rules_from(Path(rules) if is_local(rules) else rules)
    labels = _labels(fail_on, ruleset)

    def check() -> int:
        with sessions() as session:
            table = verbs.read(data, roles={"id": ids, "private": private}, engine=session, **reading)
            report = verbs.check(table, ruleset, engine=session, sources=sources, history=history, **options)
        files.write(report)
        failed = bool(report.failures(labels))
        if json:
            shown = _json_of(report, None if options["what_if"] else ruleset)
            click.echo(" ".join(map(str.strip, shown.splitlines())) if every else shown)
        elif every:
            click.echo(_line(report, failed))
        else:
            show(report)
        for rule in () if every else report.facts.more.get("rules_without_rows", ()):
            click.echo(f"no row-level result: {rule}", err=True)
        return int(failed)

    return repeated(check, every) if every else check()


def _json_of(report: Report, ruleset: Ruleset | ForeignRuleset | None) -> str:
    """The report in the JSON format of the product that the ruleset comes from; without a ruleset, in Tilth's format."""
    from tilth.aws.glue import to_glue_json
    from tilth.checking import ForeignRuleset
    from tilth.report.json import to_json

    if ruleset is None:
        return to_json(report)
    return ruleset.to_json(report) if isinstance(ruleset, ForeignRuleset) else to_glue_json(report)


def _line(report: Report, failed: bool) -> str:
    """The report in a line: the time, whether it passed, and the rules that did not pass."""
    from tilth.report.blocks import counted

    wrong = [f.name for f in report.failures()]
    rows = "" if report.rows is None else f", {counted(report.rows, 'row')}"
    rules = f"{len(report.verdicts) - len(wrong)} of {counted(len(report.verdicts), 'rule')} passed{rows}"
    return f"{report.facts.started} {'failed' if failed else 'passed'}: {rules}" + (f"; not {listed(wrong, MOST_RULES)}" if wrong else "")


def _pairs(items: tuple[str, ...], option: str, form: str) -> list[tuple[str, str]]:
    """Split each item at `=`. Errors: `click.BadParameter` for an item that lacks a side."""
    pairs = [item.partition("=")[::2] for item in items]
    for item, pair in zip(items, pairs, strict=True):
        if not all(pair):
            raise click.BadParameter(f"{item}: expected {form}", param_hint=option)
    return pairs


def _tables(items: tuple[str, ...]) -> dict[str, str]:
    """Name of a table → its path. Errors: `click.BadParameter`."""
    pairs = _pairs(items, "--table", "NAME=PATH")
    if len(dict(pairs)) < len(pairs):
        raise click.BadParameter("a table is named twice: expected NAME=PATH, each name once", param_hint="--table")
    return dict(pairs)


def _labels(items: tuple[str, ...], ruleset: Ruleset | ForeignRuleset) -> list[tuple[str, str]]:
    """The labels of the rules that count. Errors: `RequestError` for a label that no rule has, because it would ignore every failure."""
    known = dict.fromkeys(f"{key}={value}" for labels in ruleset.labels for key, value in labels.items())
    RequestError.reject(unknown(items, known, "--fail-on: no rule has the label {}", "unknown-label"))
    return _pairs(items, "--fail-on", "KEY=VALUE")
