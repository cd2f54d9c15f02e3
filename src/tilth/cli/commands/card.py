"""tilth card."""

from __future__ import annotations

import click

from tilth.options import INPUT, KEY, NAMES, OUTPUT, say, shared


@click.command()
@click.argument("result", type=INPUT, metavar="RESULT")
@click.option("--details", type=INPUT, metavar="FILE", help="What only you know, as YAML or JSON: a model card, or some of its fields.")
@click.option(
    "--evidence",
    type=INPUT,
    multiple=True,
    metavar="REPORT",
    help="Another report.json, or its folder, such as from tilth measure on predictions; may be repeated.",
)
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="DIR", help="Where to write the card and the governance report.")
@click.option(
    "--report", "pages", type=NAMES, default="html", show_default=True, metavar="SUFFIXES", help="The formats of the report: html,pdf."
)
@click.option("--package", is_flag=True, help="Write the card in the form for a model package.")
@click.option(
    "--profile",
    type=click.Choice(("eu-ai-act", "sr-26-2", "nist")),
    metavar="TEXT",
    help="Also list the evidence under the headings of a text, with what is missing: eu-ai-act, sr-26-2 or nist.",
)
@shared(*KEY)
def command(
    result: str, details: str | None, evidence: tuple[str, ...], out: str, pages: tuple[str, ...], package: bool, profile: str | None
) -> int:
    """Make a model card and a governance report of RESULT, the folder that tilth run or tilth measure wrote.

    DIR/model_card.json has the schema of Amazon SageMaker's model cards, and you can import it there. DIR/governance.html is for people:
    the content of the card, all findings, the bias before and after training, and the SHA-256 of the files as evidence.
    """
    from tilth.aws.model_card.delivery import deliver_card
    from tilth.store.sealed import written_name
    from tilth.store.uri import joined

    deliver_card(result, out, details, evidence, pages, package, profile)
    say(f"model card: {written_name(joined(out, 'model_card.json'))}")
    return 0
