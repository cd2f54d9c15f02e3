"""tilth schema."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("what", type=click.Choice(["flow", "report"]), default="flow")
def command(what: str) -> int:
    """Print the JSON Schema of the flow file (or of report.json), for completion and validation in an editor."""
    if what == "flow":
        from tilth.flow.schema import flow_schema

        schema = flow_schema()
    else:
        from tilth.report.json import report_schema

        schema = report_schema()
    click.echo(json.dumps(schema, indent=2))
    return 0
