"""tilth profile."""

from __future__ import annotations

from typing import Any

import click

from tilth.cli.options import ENGINE, INPUT, OUTPUT, READING, engine_from, reading_from, shared, show


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.option("-o", "--out", type=OUTPUT, metavar="FILE", help="Also write the report: .html, .json or .md.")
@click.option("--against", type=INPUT, metavar="OTHER", help="Other data to compare with, such as that of last month.")
@click.option("--label", metavar="COLUMN", help="The label, whose classes are counted.")
@click.option("--private", multiple=True, metavar="COLUMN", help="A column whose values are masked in the output; may be repeated.")
@click.option("--exact", is_flag=True, help="Of large data, look at all values, not a sample: a scan for each column.")
@click.option("--json", is_flag=True, help="Print the report as JSON.")
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str, out: str | None, against: str | None, label: str | None, private: tuple[str, ...], exact: bool, json: bool, **options: Any
) -> int:
    """Look at DATA: for each column what is missing, how its values are distributed, and what is odd about them."""
    from tilth import verbs
    from tilth.report.files import reject_unwritable

    if out:
        reject_unwritable(out)
    engine, reading = engine_from(options), reading_from(options)
    roles = {name: value for name, value in {"label": label, "private": private}.items() if value}
    table = verbs.read(data, roles=roles, engine=engine, **reading)
    other = None if against is None else verbs.read(against, engine=engine, **reading)
    report = verbs.profile(table, against=other, exact=exact, engine=engine)
    if out:
        verbs.write(report, out)
    show(report, json)
    return 0
