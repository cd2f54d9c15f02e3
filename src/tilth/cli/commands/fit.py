"""tilth fit."""

from __future__ import annotations

from typing import Any

import click

from tilth.cli.options import ALLOW_PYTHON, ENGINE, INPUT, OUTPUT, engine_from, shared


@click.command()
@click.argument("flow", type=INPUT, metavar="FLOW")
@click.argument("data", type=INPUT, metavar="[DATA]", required=False)
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="NAME.tilth", help="Where the fitted flow goes.")
@shared(ALLOW_PYTHON, *ENGINE)
def command(flow: str, data: str | None, out: str, **engine: Any) -> int:
    """Learn the flow file FLOW on its training part and save what it learned.

    DATA stands in for what the flow says to read.
    """
    from pathlib import Path

    from tilth import verbs
    from tilth.cli.app import say

    if Path(out).suffix != ".tilth":
        raise click.BadParameter(f"{out!r}: the name of a fitted flow ends in .tilth", param_hint="-o")
    fitted = verbs.fit(flow, data, engine=engine_from(**engine))
    saved = fitted.save(out)
    click.echo(str(fitted))
    say(f"saved as {saved}")
    return 0
