"""tilth fmt."""

from __future__ import annotations

import click

from tilth.options import INPUT, say


@click.command()
@click.argument("rules", type=INPUT, metavar="RULES…", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Change nothing; print the files that would change, and exit with 1 if there are any.")
def command(rules: tuple[str, ...], check: bool) -> int:
    """Rewrite DQDL rulesets in canonical layout, with one rule per line. Comments stay.

    A ruleset with errors is not changed; the errors are shown, and the exit code is 2.
    """
    from tilth.errors import RulesError
    from tilth.report.blocks import counted
    from tilth.rules import formatted
    from tilth.store.local import text_of
    from tilth.store.places import write_text

    changed, wrong = 0, 0
    for path in rules:
        try:
            text = text_of(path, "ruleset", RulesError)
            laid_out = formatted(text, file=path)
        except RulesError as error:
            wrong += 1
            say(*(f"error: {mistake}" for mistake in error.mistakes))
            continue
        if laid_out == text:
            continue
        changed += 1
        if check:
            click.echo(path)
        else:
            write_text(path, laid_out)
    said = f"{counted(len(rules), 'file')}: {changed} {'would change' if check else 'changed'}"
    say(said + (f", {counted(wrong, 'ruleset')} with errors" if wrong else ""))
    return 2 if wrong else int(check and changed > 0)
