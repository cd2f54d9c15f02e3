"""tilth profile."""

from __future__ import annotations

from typing import Any

import click

from tilth.options import AS_JSON, ENGINE, INPUT, OUTPUTS, PRIVATE, READING, beside, engine_from, reading_from, shared, show


@click.command()
@click.argument("data", type=INPUT, metavar="DATA")
@OUTPUTS
@click.option("--against", type=INPUT, metavar="OTHER", help="Other data to compare with, such as last month's.")
@click.option("--label", metavar="COLUMN", help="The label; its classes are counted.")
@PRIVATE
@click.option(
    "--databrew",
    type=INPUT,
    metavar="CONFIG",
    help="An AWS Glue DataBrew ProfileConfiguration: the result is the JSON of a DataBrew profile job.",
)
@click.option("--exact", is_flag=True, help="Use all values of large data instead of a sample; this takes a scan for each column.")
@AS_JSON
@shared(*READING)
@shared(*ENGINE)
def command(
    data: str,
    outputs: tuple[str, ...],
    against: str | None,
    label: str | None,
    private: tuple[str, ...],
    databrew: str | None,
    exact: bool,
    json: bool,
    **options: Any,
) -> int:
    """Profile DATA: for each column, what is missing, how its values are distributed, and what is unusual."""
    from tilth import verbs
    from tilth.report.files import Outputs

    if databrew is not None:
        return _by_config(data, databrew, outputs, private, {"--against": against, "--label": label, "--exact": exact}, options)
    files = Outputs(outputs)
    engine, reading = engine_from(options), reading_from(options)
    roles = {name: value for name, value in {"label": label, "private": private}.items() if value}
    table = verbs.read(data, roles=roles, engine=engine, **reading)
    other = None
    if against is not None:
        other = verbs.read(beside(against, data, reading.get("secret")), engine=engine, **{**reading, "secret": None})
    report = verbs.profile(table, against=other, exact=exact, engine=engine)
    files.write(report)
    show(report, json)
    return 0


def _by_config(
    data: str, config: str, outputs: tuple[str, ...], private: tuple[str, ...], others: dict[str, Any], options: dict[str, Any]
) -> int:
    """Run a profile job of DataBrew, and write its result to the given place or to standard output."""
    from tilth import verbs
    from tilth.aws.profile_jobs.config import ProfileConfiguration
    from tilth.aws.profile_jobs.job import deliver_job, json_of, profile_job
    from tilth.errors import RequestError, joined

    if given := [name for name, value in others.items() if value]:
        raise RequestError(f"--databrew and {joined(given)} exclude each other: the file says what is measured", code="contradiction")
    if outputs[1:]:
        raise RequestError("a profile job of DataBrew has one result, and several places are named for it", code="contradiction")
    asked, engine = ProfileConfiguration.load(config), engine_from(options)
    table = verbs.read(data, roles={"private": private} if private else {}, engine=engine, **reading_from(options))
    result = profile_job(table, asked, engine)
    if outputs:
        deliver_job(result, outputs[0])
    else:
        click.echo(json_of(result), nl=False)
    return 0
