"""tilth compare."""

from __future__ import annotations

import click

from tilth.options import AS_JSON, INPUT, KEY, OUTPUTS, say, shared, show


@click.command()
@click.argument("first", type=INPUT, metavar="FIRST")
@click.argument("second", type=INPUT, metavar="SECOND")
@OUTPUTS
@AS_JSON
@shared(*KEY)
def command(first: str, second: str, outputs: tuple[str, ...], json: bool) -> int:
    """Compare two result files analysis.json, of SageMaker Clarify or of tilth measure --config.

    Shows each metric, global SHAP value and mean prediction that differs, with a possible reason. Exit code 0 if all agree to nine
    digits, 1 if one does not.
    """
    from tilth.aws.clarify.comparison import compare
    from tilth.report.blocks import counted
    from tilth.report.files import Outputs

    files = Outputs(outputs)
    report = compare(first, second)
    files.write(report)
    if json or report.findings:
        show(report, json)
    equal, different = report.facts.more["equal"], report.facts.more["different"]
    say(f"{counted(equal, 'number')} {'agrees' if equal == 1 else 'agree'}, {different} {'differs' if different == 1 else 'differ'}")
    return 1 if different else 0
