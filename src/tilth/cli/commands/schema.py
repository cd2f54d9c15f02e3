"""tilth schema."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("what", type=click.Choice(["flow", "report"]), default="flow")
def command(what: str) -> int:
    """Print the JSON Schema of the flow file (or of report.json), for an editor to complete and check by."""
    if what == "flow":
        from tilth.flow.schema import flow_schema

        found = flow_schema()
    else:
        from tilth.report.json import report_schema

        found = report_schema()
    click.echo(json.dumps(found, indent=2))
    return 0
