"""tilth replay."""

from __future__ import annotations

import json as json_
from dataclasses import asdict

import click

from tilth.options import ALLOW_PYTHON, KEY, TRANSFORMS, TRUSTED, shared

SHOWN = 20


@click.command()
@click.argument("log", metavar="LOG")
@click.argument("things", nargs=-1, required=True, metavar="NAME.tilth… [MODEL | URL]…")
@TRANSFORMS
@ALLOW_PYTHON
@TRUSTED
@click.option("--json", is_flag=True, help="Print the result as JSON.")
@shared(*KEY)
def command(log: str, things: tuple[str, ...], output: tuple[str, ...], trusted: tuple[str, ...], json: bool) -> int:
    """Check that captured requests of `tilth serve --capture` give the same results in a batch as they did live.

    LOG is the folder of captured requests, or one of its files. The engine prepares the rows of many requests as one table. Exit code 1 if
    a value differs by more than a billionth.
    """
    from tilth.serve.pipeline import Pipeline
    from tilth.serve.replaying import replayed

    found = replayed(log, Pipeline.of(*things, output=output, trusted=trusted))
    if json:
        click.echo(json_.dumps(asdict(found)))
        return 1 if found.differences else 0
    click.echo(f"{found.requests:,} requests with {found.rows:,} rows: {len(found.differences):,} values differ")
    for one in found.differences[:SHOWN]:
        click.echo(f"  event {one.event}, row {one.row}: {one.column}")
    return 1 if found.differences else 0
