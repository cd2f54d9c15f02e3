"""tilth demo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tilth.cli.options import ENGINE, OUTPUT, engine_from, shared, show
from tilth.errors import Mistake, RequestError


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
    from tilth.atomic import whole_file
    from tilth.cli.app import say
    from tilth.testing.loans import COLUMNS, write_loans

    folder = Path(out)
    table, flow = folder / "loans.csv", folder / "loans.yaml"
    text = Path(__file__).parents[1].joinpath("loans.yaml").read_text("utf-8")
    _refuse_foreign({table: ",".join(COLUMNS), flow: text.splitlines()[0]})
    write_loans(table, rows, seed)
    with whole_file(flow) as new:
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


def _refuse_foreign(heads: Mapping[Path, str]) -> None:
    """Refuse to replace files that do not begin as the demo's own do."""
    foreign = [path for path, head in heads.items() if path.exists() and not (path.is_file() and _begins(path, head))]
    if foreign:
        raise RequestError(
            *(Mistake(f"{path} is there already, and the demo did not write it", code="exists") for path in foreign),
            Mistake("the demo writes files of these names", hint="give another folder by -o"),
        )


def _begins(path: Path, head: str) -> bool:
    with path.open("rb") as file:
        return file.readline().rstrip(b"\r\n") == head.encode()
