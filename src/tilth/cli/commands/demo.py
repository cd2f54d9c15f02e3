"""tilth demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tilth.cli.options import ENGINE, OUTPUT, engine_from, shared, show
from tilth.errors import Mistake, RequestError
from tilth.store.local import exists


@click.command()
@click.option("-o", "--out", type=OUTPUT, default="demo", show_default=True, metavar="FOLDER", help="Where the example and its result go.")
@click.option("--rows", type=click.IntRange(100), default=20_000, show_default=True, help="How many loan applications.")
@click.option("--seed", type=int, default=2, show_default=True, help="The same seed makes the same data.")
@shared(*ENGINE)
def command(out: str, rows: int, seed: int, **engine: Any) -> int:
    """Make example data with planted flaws, run the whole flow on it, and say where the report lies.

    FOLDER then holds loans.csv, loans.yaml (a flow to read and change) and result/. The rules are meant to fail: the data has
    flaws for them to find.
    """
    from tilth import verbs
    from tilth.cli.app import say
    from tilth.demo.loans import COLUMNS, write_loans
    from tilth.store.places import atomic

    folder = Path(out)
    table, flow = folder / "loans.csv", folder / "loans.yaml"
    text = Path(__file__).parents[2].joinpath("demo", "loans.yaml").read_text("utf-8")
    _refuse_foreign(table, ",".join(COLUMNS), flow, text)
    write_loans(table, rows, seed)
    with atomic(flow) as new:
        new.write_text(text, "utf-8")
    report = verbs.run(flow, folder / "result", engine=engine_from(**engine))
    show(report)
    say(
        "",
        f"The data has planted flaws, and the report has found them: {folder / 'result' / 'report.html'}",
        f"The flow is a file to read and change: {flow}",
        f"Try next: tilth check {folder / 'loans.csv'} RULES, tilth plan {flow}, tilth init YOUR.csv",
    )
    return 0


def _refuse_foreign(table: Path, head: str, flow: Path, text: str) -> None:
    """Refuse to replace a table that does not begin as the demo's own does, and a flow that is not the demo's own to the last letter."""
    foreign = []
    if exists(table) and not (table.is_file() and _first_line(table) == head.encode()):
        foreign.append(Mistake(f"{table} is there already, and the demo did not write it", code="exists"))
    if exists(flow) and not (flow.is_file() and flow.read_bytes() == text.encode()):
        foreign.append(Mistake(f"{flow} is there already, and is not as the demo writes it: it may be somebody's work", code="exists"))
    if foreign:
        raise RequestError(
            *foreign, Mistake("the demo writes files of these names", hint="give another folder by -o, or move them away first")
        )


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline().rstrip(b"\r\n")
