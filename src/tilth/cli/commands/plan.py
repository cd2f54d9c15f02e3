"""tilth plan."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Any

import click

from tilth.errors import listed
from tilth.options import ALLOW_PYTHON, ENGINE, INPUT, SECRET, engine_from, shared

if TYPE_CHECKING:
    from tilth.engine.session import Session
    from tilth.flow.flow import Flow

LONGEST = 100  # characters of the title of a scan


@click.command()
@click.argument("flow", type=INPUT, metavar="FLOW")
@click.option("--json", is_flag=True, help="Print the plan as JSON.")
@shared(SECRET, ALLOW_PYTHON, *ENGINE)
def command(flow: str, json: bool, secret: str | None, **engine: Any) -> int:
    """Show the queries that the flow file FLOW would run, without running them.

    Reads the schema of the data, because steps select columns by kind. Values not yet learned are shown as 1.0. Steps that cannot be
    planned before they have learned are named and left out.
    """
    from tilth import verbs

    show_plan(verbs.flow_from(flow).with_secret(secret), engine_from(engine), json)
    return 0


def show_plan(flow: Flow, engine: Session, json: bool) -> None:
    """Print the scans that a flow would run."""
    from tilth import verbs
    from tilth.engine.dry_run import DryRun
    from tilth.report.blocks import cut

    recorded = DryRun(engine)
    verbs.dry_run(flow, recorded)
    if recorded.left_out:
        click.echo(f"-- not planned, because what they make depends on the data: {listed(dict.fromkeys(recorded.left_out))}", err=json)
    if json:
        click.echo(json_.dumps([{"title": p.title, "purpose": p.purpose, "query": p.query} for p in recorded.scans], indent=1))
        return
    titles = [f"-- {i}. {cut(p.named, LONGEST)}" for i, p in enumerate(recorded.scans, 1)]
    click.echo(f"-- {len(recorded.scans)} scans of the data:")
    click.echo("\n".join(titles))
    for where, columns in recorded.unscanned.items():
        click.echo(f"-- without a scan, from {where}: {listed(dict.fromkeys(columns))}")
    for title, p in zip(titles, recorded.scans, strict=True):
        click.secho(f"\n{title}", bold=True)
        click.echo(f"{p.query};")
