"""tilth fit."""

from __future__ import annotations

from typing import Any

import click

from tilth.cli.options import ENGINE, engine_from, shared


@click.command()
@click.argument("flow", metavar="FLOW")
@click.argument("data", metavar="[DATA]", required=False)
@click.option("-o", "--out", required=True, metavar="NAME.tilth", help="Where the fitted flow goes.")
@shared(*ENGINE)
def command(flow: str, data: str | None, out: str, **engine: Any) -> int:
    """Learn the flow file FLOW on its training part and save what it learned.

    DATA stands in for what the flow says to read.
    """
    from tilth import verbs

    fitted = verbs.fit(flow, data, engine=engine_from(**engine))
    click.echo(str(fitted))
    click.echo(f"saved as {fitted.save(out)}", err=True)
    return 0
