"""tilth apply."""

from __future__ import annotations

from typing import Any

import click

from tilth.options import ALLOW_PYTHON, ENGINE, INPUT, OUTPUT, SECRET, engine_from, say, shared


@click.command()
@click.argument("flow", type=INPUT, metavar="NAME.tilth")
@click.argument("data", type=INPUT, metavar="DATA")
@click.option(
    "-o",
    "--out",
    type=OUTPUT,
    required=True,
    metavar="OUT",
    help="Where to write the prepared data: a .parquet, .csv or .jsonl file, or a folder of Parquet.",
)
@shared(SECRET, ALLOW_PYTHON, *ENGINE)
def command(flow: str, data: str, out: str, secret: str | None, **engine: Any) -> int:
    """Prepare DATA with a fitted flow, in the same way as the training data. Nothing is learned.

    Values that cannot be read as the kind of their column become null, with a warning on standard error; the flow's `max_invalid` limits
    them. Exit code 2 if a column has more.
    """
    from tilth import verbs
    from tilth.store.local import reject_own_input
    from tilth.store.places import secured

    reject_own_input(out, [data, flow])
    made = engine_from(engine)
    written = verbs.write(verbs.apply(flow, secured(data, secret), engine=made), out, engine=made)
    say(f"written to {written}")
    return 0
