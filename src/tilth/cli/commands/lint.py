"""tilth lint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tilth.options import INPUT, say

if TYPE_CHECKING:
    from tilth.errors import Mistake


@click.command()
@click.argument("rules", type=INPUT, metavar="RULES…", nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="Accept only what AWS Glue accepts.")
@click.option(
    "--target",
    type=click.Choice(["glue", "glue-etl", "glue-catalog"]),
    help="Also warn about what AWS Glue would not run: the limits of its service, and what its jobs or its Data Catalog lack.",
)
@click.option("--json", is_flag=True, help="Print the messages as JSON.")
def command(rules: tuple[str, ...], strict: bool, target: str | None, json: bool) -> int:
    """Check DQDL rulesets without data. Exit code 2 if one has an error; warnings are not errors."""
    from tilth.report.blocks import counted

    mistakes = [m for path in rules for m in _linted(path, strict, target)]
    if json:
        import json as json_
        from dataclasses import asdict

        click.echo(json_.dumps([asdict(m) for m in mistakes], indent=1))
    else:
        for mistake in mistakes:
            click.echo(f"{mistake.severity}: {mistake}")
    errors = sum(m.severity == "error" for m in mistakes)
    say(f"{counted(len(rules), 'file')}: {counted(errors, 'error')}, {counted(len(mistakes) - errors, 'warning')}")
    return 2 if errors else 0


def _linted(path: str, strict: bool, target: str | None) -> Sequence[Mistake]:
    """The mistakes in a file; one of them may be that it cannot be read."""
    from tilth.errors import RulesError
    from tilth.rules import lint
    from tilth.store.local import text_of

    try:
        text = text_of(path, "ruleset", RulesError)
    except RulesError as error:
        return error.mistakes
    return lint(text, file=path, strict=strict, target=target)
