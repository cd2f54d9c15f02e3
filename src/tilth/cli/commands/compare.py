"""tilth compare."""

from __future__ import annotations

import click

from tilth.options import AS_JSON, INPUT, KEY, OUTPUTS, say, shared, show


@click.command()
@click.argument("first", type=INPUT, metavar="FIRST")
@click.argument("second", type=INPUT, metavar="SECOND")
@click.option("--drift", is_flag=True, help="FIRST is a baseline: show only drift from it, and exit with 1 only if there is some.")
@OUTPUTS
@AS_JSON
@shared(*KEY)
def command(first: str, second: str, drift: bool, outputs: tuple[str, ...], json: bool) -> int:
    """Compare two result files analysis.json, of SageMaker Clarify or of tilth measure --config.

    Shows each metric, global SHAP value and mean prediction that differs, with a possible reason. Exit code 0 if all agree to nine
    digits, 1 if one does not. With --drift, bias drifts if its whole interval is farther from the neutral value than in FIRST, and features
    if the nDCG of their order is below 0.9.
    """
    from tilth.aws.clarify.comparison import compare
    from tilth.report.blocks import counted
    from tilth.report.files import Outputs

    files = Outputs(outputs)
    report = compare(first, second, drift)
    files.write(report)
    if json or report.findings:
        show(report, json)
    equal, different, drifted = (report.facts.more[name] for name in ("equal", "different", "drifted"))
    agree = f"{counted(equal, 'number')} {'agrees' if equal == 1 else 'agree'}, {different} {'differs' if different == 1 else 'differ'}"
    say(f"{agree}, {drifted} {'has' if drifted == 1 else 'have'} drifted" if drift else agree)
    return 1 if (drifted if drift else different) else 0
