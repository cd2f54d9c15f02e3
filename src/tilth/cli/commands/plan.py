"""tilth plan."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Any

import click

from tilth.cli.options import ALLOW_PYTHON, ENGINE, INPUT, engine_from, shared

if TYPE_CHECKING:
    from tilth.engine.session import Session
    from tilth.flow.flow import Flow
    from tilth.report import Pass

LONGEST = 100  # characters of a pass's title


@click.command()
@click.argument("flow", type=INPUT, metavar="FLOW")
@click.option("--json", is_flag=True, help="Print the plan as JSON.")
@shared(ALLOW_PYTHON, *ENGINE)
def command(flow: str, json: bool, **engine: Any) -> int:
    """Show the queries that the flow file FLOW would run, without running them.

    The data's columns are looked at, because steps choose their columns by kind. A value that is yet to be learned is shown
    as 1.0.
    """
    from tilth import verbs

    show_plan(verbs.flow_from(flow), engine_from(**engine), json)
    return 0


def show_plan(flow: Flow, engine: Session, json: bool) -> None:
    """Print the passes that a flow would make."""
    from tilth import verbs
    from tilth.engine.dry_run import DryRun

    rehearsal = DryRun(engine)
    verbs.rehearse(flow, rehearsal)
    if json:
        click.echo(json_.dumps([{"title": p.title, "purpose": p.purpose, "query": p.query} for p in rehearsal.passes], indent=1))
        return
    titles = [f"-- {i}. {_title(p)}" for i, p in enumerate(rehearsal.passes, 1)]
    click.echo(f"-- {len(rehearsal.passes)} passes over the data:")
    click.echo("\n".join(titles))
    for title, p in zip(titles, rehearsal.passes, strict=True):
        click.secho(f"\n{title}", bold=True)
        click.echo(f"{p.query};")


def _title(one: Pass) -> str:
    """For whom a pass is made, and what it does."""
    told = f"{one.purpose}: {one.title}" if one.purpose else one.title
    return told if len(told) <= LONGEST else f"{told[:LONGEST]} …"
