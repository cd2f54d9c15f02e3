"""tilth lint."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("rules", metavar="RULES…", nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="Accept only what AWS Glue accepts.")
@click.option("--json", is_flag=True, help="Print the findings as JSON.")
def command(rules: tuple[str, ...], strict: bool, json: bool) -> int:
    """Check DQDL rulesets without data. Exit code 2 if one has an error; warnings alone are no errors."""
    from tilth.cli.app import say
    from tilth.rules import lint

    found = [m for path in rules for m in lint(_text(path), file=path, strict=strict)]
    if json:
        import json as json_

        click.echo(json_.dumps([_plain(m) for m in found], indent=1))
    else:
        for mistake in found:
            click.echo(f"{mistake.severity}: {mistake}")
    errors = sum(m.severity == "error" for m in found)
    say(f"{_counted(len(rules), 'file')}: {_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}")
    return 2 if errors else 0


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def _text(path: str) -> str:
    from tilth.errors import RulesError

    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"the ruleset {path!r} cannot be read: {error}", code="no-file") from error


def _plain(mistake: object) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(mistake)  # type: ignore[call-overload,no-any-return]  # a mistake is a dataclass
