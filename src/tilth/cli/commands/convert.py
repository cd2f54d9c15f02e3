"""tilth convert."""

from __future__ import annotations

from pathlib import Path

import click

from tilth.options import FORCE, INPUT, NAMES, TRUSTED, say


@click.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option(
    "-o", "--out", type=INPUT, default="-", metavar="FLOW", help="Where to write the flow or the rules; standard output by default."
)
@click.option("--data", metavar="DATA", help="The data that the flow reads, as seen from the flow's folder, or that rules are for.")
@click.option("--columns", type=NAMES, metavar="A,B,…", help="The columns of a pipeline that was fitted without names.")
@TRUSTED
@click.option("--table", metavar="NAME", help="The table whose checks are converted, if FILE has those of several.")
@FORCE
def command(
    file: str, out: str, data: str | None, columns: tuple[str, ...] | None, trusted: tuple[str, ...], table: str | None, force: bool
) -> int:
    """Convert FILE to a flow, or the checks in it to rules.

    FILE is a recipe of DataBrew (JSON or YAML), a .flow of Data Wrangler, a job of Glue (JSON) that detects sensitive data, a fitted
    pipeline of scikit-learn (.skops), or the folder of one of Spark ML. A pipeline becomes a fitted flow, with the numbers that it has
    learned, if FLOW ends in .tilth.

    A ruleset of DataBrew (JSON) becomes one for the columns of DATA, NAME.dqdl.

    A suite of Great Expectations (JSON), tests of dbt (schema.yml), checks or a contract of Soda (YAML), and checks (a program in Python
    or Scala) or suggestions (JSON) of Deequ become a ruleset, NAME.dqdl.

    What has no counterpart is a comment in the result, with its reason. Code in FILE is not run. Exit code 1 if something was not
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
