"""tilth recommend."""

from __future__ import annotations

from typing import Any

import click

from tilth.options import ENGINE, FORCE, INPUT, OUTPUT, PRIVATE, READING, engine_from, reading_from, say, shared


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.option("-o", "--out", type=OUTPUT, metavar="RULES", help="Where to write the ruleset. Default: standard output.")
@PRIVATE
@FORCE
@shared(*READING)
@shared(*ENGINE)
def command(data: str, out: str | None, private: tuple[str, ...], force: bool, **options: Any) -> int:
    """Propose a DQDL ruleset that holds for DATA, with a comment after each rule that says what was found.

    Only rules that pass on DATA are proposed. Values of columns that look private are not shown.
    """
    from tilth.drafting import recommend
    from tilth.store.local import is_folder, reject_existing, reject_own_input

    if out:
        reject_own_input(out, [] if is_folder(data) else [data])
        reject_existing(out, force)
    found = recommend(data, private=private, engine=engine_from(options), **reading_from(options))
    if not out:
        click.echo(str(found), nl=False)
        return 0
    found.save(out)
    say(f"written: {out}", f"Read it, then: tilth check {data} {out}")
    return 0
