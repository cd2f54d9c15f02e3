"""tilth init."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from tilth.options import ENGINE, FORCE, INPUT, READING, engine_from, reading_from, say, shared


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.option(
    "-o",
    "--out",
    type=INPUT,
    metavar="FLOW",
    help="Where to write the flow; - for standard output.  [default: the data's name with .yaml, in the current folder]",
)
@click.option("--label", metavar="NAME", help="The column to predict.  [default: guessed, or asked for in the draft]")
@FORCE
@shared(*READING)
@shared(*ENGINE)
def command(data: str, out: str | None, label: str | None, force: bool, **options: Any) -> int:
    """Inspect DATA and write a commented flow that runs as it is.

    The draft guesses roles, proposes rules and steps from the values, each with its reason, and lists pitfalls. Values of columns that look
    private are not shown.
    """
    from tilth.drafting import init
    from tilth.store.local import is_folder, reject_existing, reject_own_input

    place = Path(out or f"{_name_of(data)}.yaml")
    if out != "-":
        reject_own_input(place, [] if is_folder(data) else [data])  # a flow may be written into the folder of the data
        reject_existing(place, force)
    draft = init(data, label=label, engine=engine_from(options), **reading_from(options))
    if out == "-":
        click.echo(str(draft), nl=False)
        return 0
    draft.save(place)
    say(f"written: {place}", f"Read it, then: tilth run {place} -o result")
    return 0


def _name_of(data: str) -> str:
    """The name of a draft: the name of the file, folder or table."""
    place, _, asked = data.partition("?")
    named = re.search(r"(?:^|&)table=([^&]*)", asked) if "://" in place else None
    if named:
        return named[1].rpartition(".")[2].strip('"') or "flow"
    return Path(data.rstrip("/")).name.split(".")[0].strip("*") or "flow"
