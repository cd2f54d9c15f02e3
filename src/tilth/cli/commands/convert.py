"""tilth convert."""

from __future__ import annotations

from pathlib import Path

import click

from tilth.options import FORCE, INPUT, NAMES, TRUSTED, say


@click.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option(
    "-o",
    "--out",
    type=INPUT,
    default="-",
    metavar="FLOW",
    help="Where to write the flow, rules or configuration. Default: standard output.",
)
@click.option("--data", metavar="DATA", help="The data that the flow reads (relative to the flow), or that the rules are for.")
@click.option("--columns", type=NAMES, metavar="A,B,…", help="The columns of a pipeline that was fitted without names.")
@TRUSTED
@click.option("--table", metavar="NAME", help="The table to convert checks for, if FILE has several.")
@FORCE
def command(
    file: str, out: str, data: str | None, columns: tuple[str, ...] | None, trusted: tuple[str, ...], table: str | None, force: bool
) -> int:
    """Convert FILE to a flow, or the checks in it to rules.

    FILE is a DataBrew recipe (JSON or YAML), a Data Wrangler .flow, a Glue job that detects sensitive data (JSON), a fitted scikit-learn
    pipeline (.skops), or the folder of a fitted Spark ML pipeline. If FLOW ends in .tilth, a pipeline becomes a fitted flow, with the
    numbers that it has learned.

    A DataBrew ruleset (JSON) becomes a ruleset for the columns of DATA, NAME.dqdl.

    A Great Expectations suite (JSON), dbt tests (schema.yml), Soda checks or a Soda contract (YAML), and Deequ checks (a Python or Scala
    program) or suggestions (JSON) become a ruleset, NAME.dqdl.

    A SageMaker Clarify configuration (JSON) with the key `tilth`, which only Tilth knows, becomes one that Clarify accepts, NAME.json.

    What cannot be converted becomes a comment in the result, with the reason. Code in FILE is not run. Exit code 1 if something was not
    converted.
    """
    from tilth.conversion import convert
    from tilth.report.blocks import counted
    from tilth.store.local import reject_existing, reject_own_input

    if out != "-":
        reject_own_input(out, [file])
        reject_existing(out, force)
    conversion = convert(file, data, columns=columns or None, trusted=trusted, table=table)
    if out == "-":
        click.echo(str(conversion), nl=False)
    else:
        conversion.save(Path(out))
        say(f"written: {out}")
    left = conversion.left_out
    say(f"{counted(len(conversion.items), conversion.noun)}, {len(left)} not converted", *(f"not converted: {line}" for line in left))
    say(*dict.fromkeys(f"differs: {line}" for line in conversion.notes))
    return 1 if left else 0
