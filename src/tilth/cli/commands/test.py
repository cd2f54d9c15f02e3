"""tilth test."""

from __future__ import annotations

from typing import Any

import click

from tilth.options import AS_JSON, ENGINE, INPUT, JUDGING, OUTPUTS, engine_from, shared, show


@click.command()
@click.argument("rules", type=INPUT, metavar="RULES…", nargs=-1, required=True)
@OUTPUTS
@shared(*JUDGING)
@AS_JSON
@shared(*ENGINE)
def command(rules: tuple[str, ...], outputs: tuple[str, ...], json: bool, **options: Any) -> int:
    """Test DQDL rulesets with the cases next to them: those of orders.dqdl are in orders.test.yaml.

    Exit code 1 if a case has an unexpected verdict.
    """
    from tilth.report.files import Outputs
    from tilth.rules.case_verdicts import run_tests

    files = Outputs(outputs)
    report = run_tests(rules, engine_from(options), **options)
    files.write(report)
    show(report, json)
    return 0 if report.passed else 1
