"""tilth fit."""

from __future__ import annotations

from typing import Any

import click

from tilth.options import ALLOW_PYTHON, ENGINE, INPUT, OUTPUT, SECRET, engine_from, keeping_key, say, shared


@click.command()
@click.argument("flow", type=INPUT, metavar="FLOW")
@click.argument("data", type=INPUT, metavar="[DATA]", required=False)
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="NAME.tilth", help="Where to save the fitted flow.")
@shared(SECRET, ALLOW_PYTHON, *ENGINE)
def command(flow: str, data: str | None, out: str, secret: str | None, **engine: Any) -> int:
    """Fit the flow file FLOW on the training part and save it.

    DATA replaces the source named in the flow.
    """
    from pathlib import Path

    from tilth import verbs
    from tilth.store.places import secured

    if Path(out).suffix != ".tilth":
        raise click.BadParameter(f"{out!r}: the name of a fitted flow must end in .tilth", param_hint="-o")
    loaded = keeping_key(verbs.flow_from(flow))
    if data is None:
        fitted = verbs.fit(loaded.with_secret(secret), engine=engine_from(engine))
    else:
        fitted = verbs.fit(loaded, secured(data, secret), engine=engine_from(engine))
    saved = fitted.save(out)
    click.echo(str(fitted))
    say(f"saved as {saved}")
    return 0
