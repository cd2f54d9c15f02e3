"""tilth demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tilth.errors import Mistake, RequestError
from tilth.options import ENGINE, FULL, OUTPUT, engine_from, say, shared, show
from tilth.store.local import exists


@click.command()
@click.option("-o", "--out", type=OUTPUT, default="demo", show_default=True, metavar="FOLDER", help="Where to write the result.")
@click.option("--rows", type=click.IntRange(100), default=20_000, show_default=True, help="Number of loan applications.")
@click.option("--seed", type=int, default=2, show_default=True, help="Random seed: the same seed gives the same data.")
@FULL
@shared(*ENGINE)
def command(out: str, rows: int, seed: int, full: bool, **engine: Any) -> int:
    """Make example data with planted flaws, run the whole flow on it, and print where the report is.

    Writes to FOLDER loans.csv, loans.yaml (a flow to read and change) and result/. Rules fail on purpose: the data has flaws for them to
    find.
    """
    from tilth import verbs
    from tilth.demo.loans import COLUMNS, write_loans
    from tilth.store.places import write_text

    folder = Path(out)
    table, flow = folder / "loans.csv", folder / "loans.yaml"
    text = Path(__file__).parents[2].joinpath("demo", "loans.yaml").read_text("utf-8")
    _reject_foreign(table, ",".join(COLUMNS), flow, text)
    write_loans(table, rows, seed)
    write_text(flow, text)
    report = verbs.run(flow, folder / "result", engine=engine_from(engine))
    show(report, full=full)
    say(
        "",
        f"The data has planted flaws. The report shows them; open it in a browser: {folder / 'result' / 'report.html'}",
        f"The flow that detects and repairs them, to read and change: {flow}",
        "For your own data: tilth init YOUR.csv drafts a flow, tilth recommend YOUR.csv drafts rules",
    )
    return 0


def _reject_foreign(table: Path, head: str, flow: Path, text: str) -> None:
    """Reject existing files that the demo did not write: a table with another header, or a flow that differs."""
    foreign = []
    if exists(table) and not (table.is_file() and _first_line(table) == head.encode()):
        foreign.append(Mistake(f"{table} already exists and was not written by the demo", code="exists"))
    if exists(flow) and not (flow.is_file() and flow.read_bytes() == text.encode()):
        foreign.append(Mistake(f"{flow} already exists and differs from the demo's: it may have been edited", code="exists"))
    if foreign:
        raise RequestError(
            *foreign, Mistake("the demo would overwrite these files", hint="choose another folder with -o, or move them away first")
        )


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline().rstrip(b"\r\n")
