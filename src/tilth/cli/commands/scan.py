"""tilth scan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tilth.options import ALLOW_PYTHON, ENGINE, INPUT, NAMES, OUTPUTS, READING, engine_from, reading_from, shared, show


@click.command()
@click.argument("data", type=INPUT, metavar="DATA", required=False)
@OUTPUTS
@click.option(
    "--mode",
    type=click.Choice(("columns", "sample", "full")),
    default="columns",
    show_default=True,
    help="Count entities in all rows, or in a sample; full: also find their positions in each value.",
)
@click.option("--cells", metavar="PLACE", help="Where --mode full writes the table, with the column DetectedEntities.")
@click.option("--entities", type=NAMES, default=(), metavar="A,B,…", help="The entities to look for; --list shows them. Default: all.")
@click.option(
    "--countries",
    type=NAMES,
    default="all",
    show_default=True,
    metavar="US,CA,…",
    help="The countries of national numbers to look for, as ISO codes.",
)
@click.option("--sensitivity", default="low", show_default=True, metavar="low|high|SCORE", help="The lowest score to report.")
@click.option(
    "--threshold",
    type=float,
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="The share of a column's values from which the column counts as sensitive.",
)
@click.option(
    "--sample-portion", type=float, default=0.1, show_default=True, metavar="SHARE", help="The share of rows to scan, with --mode sample."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the sample.")
@click.option("--never", multiple=True, metavar="COLUMN", help="A column to leave out; may be repeated.")
@click.option("--allow", multiple=True, metavar="TEXT", help="A text to ignore, or a pattern as /…/; may be repeated.")
@click.option(
    "--custom", type=INPUT, metavar="FILE", help="A YAML list of your own entities: name, pattern, context_words, validator, tier."
)
@click.option(
    "--ner", metavar="python:MODULE:FUNCTION", help="A function that finds names and the like in a list of texts; needs --allow-python."
)
@click.option(
    "--review",
    metavar="FILE",
    help="A CSV file of findings with masked examples, in which you decide yes or no; if it exists, your decisions apply.",
)
@click.option("--examples", is_flag=True, help="Show up to ten masked examples of each entity.")
@click.option("--list", "listing", is_flag=True, help="List the entities without scanning.")
@click.option("--json", is_flag=True, help="Print verdicts and counts as JSON.")
@ALLOW_PYTHON
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str | None,
    outputs: tuple[str, ...],
    cells: str | None,
    ner: str | None,
    custom: str | None,
    review: str | None,
    listing: bool,
    json: bool,
    **options: Any,
) -> int:
    """Find sensitive data in DATA: which columns hold e-mail addresses, card numbers, personal identifiers and the like, and in how many
    rows.

    Shows no values, and proposes the steps `redact` that hide what it finds. The output of --mode full does contain the values.
    """
    from tilth import verbs
    from tilth.engine.chosen import session_of
    from tilth.measures.sensitive.measure import Sensitive
    from tilth.measures.sensitive.review import decisions_in, reject_encrypted, write_review
    from tilth.measures.sensitive.section import as_json
    from tilth.protection.cells import with_places
    from tilth.report.files import Outputs

    if listing:
        click.echo("\n".join(_listed()))
        return 0
    if data is None:
        raise click.UsageError("there is no data: give DATA, or --list")
    if ner is not None and not ner.startswith("python:"):
        raise click.UsageError(f"--ner {ner}: expected python:MODULE:FUNCTION")
    if (options["mode"] == "full") != (cells is not None):
        raise click.UsageError("--mode full needs --cells PLACE, and --cells needs --mode full")
    if review:
        reject_encrypted()
    files = Outputs(outputs)
    engine, reading = engine_from(options), reading_from(options)
    recogniser = (ner or "").removeprefix("python:")
    obeyed = review if review and Path(review).exists() else ""
    options["examples"] |= review is not None
    measure = Sensitive(**options, recogniser=recogniser, review=obeyed, custom=_custom(custom) if custom else ())
    table = verbs.read(data, engine=engine, **reading)
    report = replace(verbs.measure(table, measure, engine=engine), title="scan")
    if review:
        write_review(review, report.of("sensitive"), decisions_in(obeyed) if obeyed else {})
    if cells is not None:
        with session_of(engine, table, "scan") as session:
            verbs.write(with_places(table, measure, report.findings, session), cells, engine=session)
    files.write(report)
    if json:
        import json as text

        click.echo(text.dumps(as_json(report.findings), indent=2, ensure_ascii=False))
    else:
        show(report)
    return 0


def _custom(path: str) -> Any:
    from tilth.store.local import text_of
    from tilth.yaml import parse

    return parse(text_of(path, "file of entities"), path).value


def _listed() -> list[str]:
    from tilth.entities import catalogue

    return [f"{e.name:<56} {e.country or '':<3} {e.tier}  {e.validator}" for e in catalogue().values()]
