"""tilth demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tilth.cli.options import ENGINE, engine_from, shared, show


@click.command()
@click.option("-o", "--out", default="demo", show_default=True, metavar="FOLDER", help="Where the example and its result go.")
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
    from tilth.testing.loans import write_loans

    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    write_loans(folder / "loans.csv", rows, seed)
    flow = folder / "loans.yaml"
    flow.write_text(Path(__file__).parents[1].joinpath("loans.yaml").read_text("utf-8"), "utf-8")
    report = verbs.run(flow, folder / "result", engine=engine_from(**engine))
    show(report)
    say(
        "",
        f"The data has planted flaws, and the report has found them: {folder / 'result' / 'report.html'}",
        f"The flow is a file to read and change: {flow}",
        f"Try next: tilth check {folder / 'loans.csv'} RULES, tilth plan {flow}, tilth init YOUR.csv",
    )
    return 0
