"""tilth history."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Any

import click

from tilth.options import INPUT, KEY, say, shared

if TYPE_CHECKING:
    from tilth.history.ledger import Ledger


@click.command()
@click.argument("place", type=INPUT, metavar="PLACE")
@click.option("--dataset", metavar="NAME", help="Show checks of this dataset only.")
@click.option("--metric", metavar="NAME", help="Show the values of this metric, such as Dataset.*.RowCount.")
@click.option("--exclude", type=int, multiple=True, metavar="NUMBER", help="Exclude this check; may be repeated.")
@click.option("--include", type=int, multiple=True, metavar="NUMBER", help="Include this check again; may be repeated.")
@click.option("--json", is_flag=True, help="Print JSON.")
@shared(*KEY)
def command(place: str, dataset: str | None, metric: str | None, exclude: tuple[int, ...], include: tuple[int, ...], json: bool) -> int:
    """Show the checks recorded in a history, and exclude some of them.

    PLACE is the history of `tilth check` and `tilth run`: a file, or postgresql://user@host/db. An excluded check stays recorded, but
    `last(k)` and anomaly detection ignore it. With --metric, the command shows or excludes only that metric.
    """
    from tilth.display import Grid
    from tilth.errors import SourceError
    from tilth.history import is_server, ledger_at
    from tilth.report.blocks import counted
    from tilth.store.local import exists

    if not is_server(place) and not exists(place):
        raise SourceError(f"there is no history {place}", hint="`tilth check … --history` makes one", code="no-history")
    ledger = ledger_at(place)
    for numbers, excluded in ((exclude, True), (include, False)):
        if numbers:
            values = ledger.exclude(numbers, metric, excluded=excluded)
            say(f"{'left out' if excluded else 'included again'}: {counted(values, 'value')} of check {', '.join(map(str, numbers))}")
    title, rows = _values(ledger, dataset, metric) if metric else _checks(ledger, dataset)
    if json:
        click.echo(json_.dumps(rows, indent=1))
    else:
        heads = list(dict.fromkeys(name for row in rows for name in row))
        click.echo(Grid(f"{title} in {place}", heads, [[_shown(row[name]) for name in heads] for row in rows]))
    return 0


def _checks(ledger: Ledger, dataset: str | None) -> tuple[str, list[dict[str, Any]]]:
    from tilth.errors import RequestError, unknown
    from tilth.report.blocks import counted

    checks = ledger.checks(dataset)
    if dataset and not checks:
        RequestError.reject(
            unknown([dataset], {c.dataset for c in ledger.checks()}, "no check of a dataset {} is recorded", "unknown-dataset")
        )
    rows = [{"check": c.number, "at": c.at.isoformat(), "dataset": c.dataset, "metrics": c.metrics, "left out": c.excluded} for c in checks]
    return counted(len(checks), "check"), rows


def _values(ledger: Ledger, dataset: str | None, metric: str) -> tuple[str, list[dict[str, Any]]]:
    """The values of a metric. Errors: `RequestError` if no check of the datasets recorded it."""
    from tilth.errors import RequestError, unknown

    datasets = [dataset] if dataset else list(dict.fromkeys(c.dataset for c in ledger.checks()))
    names = dict.fromkeys(name for of in datasets for name in ledger.names(of))
    RequestError.reject(unknown([metric], names, "no check has recorded the metric {}", "unknown-metric"))
    rows = [
        {"check": v.number, "at": v.at.isoformat(), "dataset": of, "value": v.value, "left out": v.excluded}
        for of in datasets
        for v in ledger.series(of, metric)
    ]
    return metric, rows


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
