"""tilth scan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from tilth.options import ALLOW_PYTHON, ENGINE, INPUT, NAMES, OUTPUTS, READING, engine_from, reading_from, shared, show


@click.command()
@click.argument("data", type=INPUT, metavar="DATA", required=False)
@OUTPUTS
@click.option(
    "--mode", type=click.Choice(("columns", "sample")), default="columns", show_default=True, help="All rows, or a sample of them."
)
@click.option("--entities", type=NAMES, default=(), metavar="A,B,…", help="What is looked for; --list shows all. Default: all there is.")
@click.option(
    "--countries", type=NAMES, default="all", show_default=True, metavar="US,CA,…", help="Whose numbers are looked for, as ISO codes."
)
@click.option("--sensitivity", default="low", show_default=True, metavar="low|high|SCORE", help="The least score of what is reported.")
@click.option("--threshold", type=float, default=0.1, show_default=True, metavar="SHARE", help="From which a column is sensitive.")
@click.option("--sample-portion", type=float, default=0.1, show_default=True, metavar="SHARE", help="Of the rows, with --mode sample.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed looks at other rows.")
@click.option("--never", multiple=True, metavar="COLUMN", help="A column that is not looked at; may be repeated.")
@click.option("--allow", multiple=True, metavar="TEXT", help="A text that is not reported, or a pattern as /…/; may be repeated.")
@click.option(
    "--custom", type=INPUT, metavar="FILE", help="A YAML list of entities of your own: name, pattern, context_words, validator, tier."
)
@click.option(
    "--ner", metavar="python:MODULE:FUNCTION", help="A function that finds names and the like in a list of texts; needs --allow-python."
)
@click.option("--examples", is_flag=True, help="Show up to ten masked examples of each.")
@click.option("--list", "listing", is_flag=True, help="List the entities instead.")
@click.option("--json", is_flag=True, help="Print verdicts and counts as JSON.")
@ALLOW_PYTHON
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str | None, outputs: tuple[str, ...], ner: str | None, custom: str | None, listing: bool, json: bool, **options: Any
) -> int:
    """Find sensitive data in DATA: which columns hold e-mail addresses, cards, numbers of persons and the like, in how many rows.

    No values are shown. The steps `redact` that hide what was found are proposed.
    """
    from tilth import verbs
    from tilth.measures.sensitive.measure import Sensitive
    from tilth.measures.sensitive.section import as_json
    from tilth.report.files import Outputs

    if listing:
        click.echo("\n".join(_listed()))
        return 0
    if data is None:
        raise click.UsageError("there is no data: give DATA, or --list")
    if ner is not None and not ner.startswith("python:"):
        raise click.UsageError(f"--ner {ner}: accepted is python:MODULE:FUNCTION")
    files = Outputs(outputs)
    engine, reading = engine_from(options), reading_from(options)
    recogniser = (ner or "").removeprefix("python:")
    measure = Sensitive(**options, recogniser=recogniser, custom=_custom(custom) if custom else ())
    report = verbs.measure(verbs.read(data, engine=engine, **reading), measure, engine=engine)
    report = replace(report, title="scan")
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
