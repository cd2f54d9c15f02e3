"""tilth export."""

from __future__ import annotations

import json as jsons
from collections.abc import Iterable
from typing import Any

import click

from tilth.options import INPUT, KEY, NAMES, OUTPUT, SECRET, progress, say, shared


@click.command()
@click.argument("source", type=INPUT, metavar="PLACE|PLAN.yaml")
@click.option("-o", "--out", type=OUTPUT, metavar="FOLDER", help="A folder, or s3://bucket/prefix. Default: that of the plan.")
@click.option("--columns", type=NAMES, metavar="A,B,…", help="The columns to take. Default: all.")
@click.option("--where", metavar="SQL", help="A condition on rows, in the SQL of the database; :name stands for a parameter.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="The value of a parameter; repeat it for a list, for IN (:name)."
)
@click.option("--sample", type=click.FloatRange(0, 1, min_open=True), metavar="FRACTION", help="Take this share of the keys of --by.")
@click.option("--by", metavar="COLUMN", help="The key to sample by: all rows of a sampled key are taken.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="The seed of the sample.")
@click.option("--strata", metavar="COLUMN", help="Take the share of --sample from the rows of each value of a column, at least one.")
@click.option("--first", type=click.IntRange(1), metavar="N", help="Take the first rows that the database returns.")
@click.option(
    "--partition-by", metavar="COLUMN", help="Divide into parts by a column: by ranges of dates, timestamps or integers, otherwise by hash."
)
@click.option("--parts", type=click.IntRange(1), metavar="N", help="The number of parts.")
@click.option("--unit", type=click.Choice(["hour", "day", "week", "month", "year"]), help="The length of a part, for dates and timestamps.")
@click.option(
    "--connections", type=click.IntRange(1, 64), metavar="N", help="How many connections, or UNLOAD statements, run at a time. Default: 4."
)
@click.option("--limit-bytes", type=click.IntRange(1), metavar="N", help="Stop before reading more bytes than this.")
@click.option(
    "--redact", multiple=True, metavar="STEP", help="Redact columns while reading: '{columns: [email], with: hash}'; may be repeated."
)
@click.option("--role", metavar="ARN", help="The IAM role with which Redshift writes to S3. Default: its default role.")
@click.option("--kms-key", metavar="ID", help="The AWS KMS key with which S3 encrypts what Redshift writes.")
@click.option("--plan", is_flag=True, help="Show each part's query, expected rows and bytes; read nothing.")
@click.option("--count/--no-count", default=True, help="Whether the database also counts the rows, to compare. Default: yes.")
@click.option("--verify", is_flag=True, help="Compare each part with the database by hashes of the rows.")
@click.option("--across-snapshots", is_flag=True, help="Continue although the table was written to; parts are then from different times.")
@click.option("--force", is_flag=True, help="Start again, and replace the files of an earlier export there.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), help="With spark, the executors read the parts instead of this process.")
@click.option("--spark-remote", metavar="URL", help="A Spark Connect server, such as sc://host:15002; by default Spark runs locally.")
@click.option("--json", is_flag=True, help="Print the record of the export as JSON.")
@SECRET
@shared(*KEY)
def command(
    source: str,
    out: str | None,
    params: tuple[str, ...],
    sample: float | None,
    by: str | None,
    seed: int | None,
    strata: str | None,
    first: int | None,
    partition_by: str | None,
    parts: int | None,
    unit: str | None,
    redact: tuple[str, ...],
    engine: str | None,
    spark_remote: str | None,
    role: str | None,
    kms_key: str | None,
    plan: bool,
    json: bool,
    count: bool,
    verify: bool,
    across_snapshots: bool,
    force: bool,
    **options: Any,
) -> None:
    """Export a subset of a database as Parquet files. PLACE is postgresql://user@host/db?table=schema.table, or …?query=SELECT …, or
    redshift://host/db?… (unloaded to S3).

    Run an interrupted export again to continue it. Writes to FOLDER the files, _copy_manifest.json,
    and _export.json, a record of what was taken.
    """
    from tilth.exporting.export import explain, export
    from tilth.store.protection import in_force

    options["parameters"] = _parameters(params) or None
    options["sample"] = _together("--sample", sample, {"fraction": sample, "by": by, "seed": seed, "strata": strata})
    if first:
        options["sample"] = {**(options["sample"] or {}), "first": first}
    options["partition"] = _together("--partition-by", partition_by, {"by": partition_by, "parts": parts, "unit": unit})
    options["redact"] = [_step(text) for text in redact] or None
    if unload := {name: value for name, value in (("role", role), ("kms_key_id", kms_key)) if value}:
        options["unload"] = unload
    if plan:
        explained = explain(source, **options)
        click.echo(jsons.dumps(explained.to_json(), indent=1) if json else str(explained))
        return
    with progress("looking at the database") as show:
        ways = {"force": force, "count": count, "across_snapshots": across_snapshots, "verify": verify}
        exported = export(source, out, progress=show, engine=_engine(engine, spark_remote), **ways, **options)
    if json:
        click.echo(jsons.dumps(exported.to_json(), indent=1))
    else:
        click.echo(str(exported))
        key = f" --key {held.key.reference}" if (held := in_force()) else ""
        if verify:
            say("verified: the files of each part match the database")
        say(f"written: {exported.place}", f"Look at it: tilth profile {exported.place}{key}")


def _engine(name: str | None, remote: str | None) -> Any:
    """The engine that reads. Errors: `UsageError` for `--spark-remote` without Spark."""
    if remote is None:
        return name
    if name != "spark":
        raise click.UsageError("--spark-remote needs --engine spark")
    from tilth.engine.spark import Spark

    return Spark(remote=remote)


def _step(text: str) -> Any:
    """The parameters of a step, also in the form that `tilth scan` proposes. Errors: `UsageError`."""
    from tilth.yaml import parse

    found = parse(text, "--redact").value
    found = found[0] if isinstance(found, list) and found else found
    found = found.get("redact", found) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise click.UsageError(f"--redact {text}: it is a step, such as '{{columns: [email], with: hash}}'")
    return found


def _parameters(given: Iterable[str]) -> dict[str, Any]:
    """Name of a parameter → its value, or the list of its values if it is given several times."""
    values: dict[str, list[str]] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise click.UsageError(f"--param {text}: expected NAME=VALUE")
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _together(option: str, given: Any, values: dict[str, Any]) -> dict[str, Any] | None:
    """The given values that belong to an option. Errors: `UsageError` if they are given without the option."""
    found = {name: value for name, value in values.items() if value is not None}
    if found and given is None:
        raise click.UsageError(f"--{next(iter(found))} needs {option}")
    return found or None
