"""tilth batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import click

from tilth.errors import RequestError
from tilth.options import ALLOW_PYTHON, TRANSFORMS, TRUSTED, progress, say
from tilth.serve.batching import LARGEST, MOST_REFUSED, OUT, REFUSALS, Sending, Transformed, transformed
from tilth.serve.paths import Path
from tilth.serve.processing import Processing

SHOWN = 5  # refusals of a file that are printed


@click.command()
@click.argument("things", nargs=-1, required=True, metavar="NAME.tilth… [MODEL | URL]… DATA…")
@click.option("-o", "--out", required=True, metavar="OUT", help=f"The folder for the answers, NAME{OUT} for each file; it is replaced.")
@TRANSFORMS
@click.option("--content-type", default="", metavar="TYPE", help="The media type of the files; by their suffix by default.")
@click.option("--accept", default="", metavar="TYPE", help="The media type of the answers; that of the file by default.")
@click.option("--split", type=click.Choice(["line", "none"]), help="Records in lines, or whole files: by line for CSV and JSON Lines.")
@click.option("--assemble", type=click.Choice(["line", "none"]), help="A line end after each answer, or none: as for --split.")
@click.option(
    "--strategy",
    type=click.Choice(["multi-record", "single-record"]),
    default="multi-record",
    show_default=True,
    help="As many records in a batch as fit, or one.",
)
@click.option(
    "--max-payload",
    type=click.FloatRange(0, 100, min_open=True),
    default=LARGEST,
    show_default=True,
    metavar="MIB",
    help="The size of a batch.",
)
@click.option("--concurrency", type=click.IntRange(1, 100), default=1, show_default=True, metavar="N", help="Batches at the same time.")
@click.option("--input-filter", metavar="PATH", help="What is sent of a record, such as '$[1:]'; all of it by default.")
@click.option("--join", is_flag=True, help="Join each record, unfiltered, with its answer.")
@click.option("--output-filter", metavar="PATH", help="What is written of an answer, joined or not, such as '$[0,-1]'.")
@click.option(
    "--slice-end",
    type=click.Choice(["exclusive", "inclusive"]),
    default="exclusive",
    show_default=True,
    help="Whether a filter's range [1:4] holds position 4.",
)
@ALLOW_PYTHON
@TRUSTED
def command(
    things: tuple[str, ...],
    out: str,
    output: tuple[str, ...],
    content_type: str,
    accept: str,
    split: str | None,
    assemble: str | None,
    strategy: str,
    max_payload: float,
    concurrency: int,
    input_filter: str | None,
    join: bool,
    output_filter: str | None,
    slice_end: str,
    trusted: tuple[str, ...],
) -> int:
    """Answer files as `tilth serve` answers requests: each record prepared, predicted, transformed.

    DATA are files, folders or patterns: CSV, JSON Lines, JSON, NPY or Parquet; the stages before them are those of `tilth serve`. The
    answers of a file keep its order. A file with a refused record has no answers but NAME.out.errors.jsonl, which names every refused
    record by its line; the other files go on, and the exit code is 1.
    """
    from tilth.serve.pipeline import Pipeline
    from tilth.store.local import reject_own_input

    stages, data = _parted(things)
    reject_own_input(out, things)
    pipeline = Pipeline.of(*stages, output=output, trusted=trusted)
    before, after = (None if path is None else Path.parse(path, slice_end == "inclusive") for path in (input_filter, output_filter))
    processing = Processing(before, after, join)
    single = strategy == "single-record"
    sending = Sending(content_type, accept, split or "", assemble or "", single, max_payload, concurrency, processing)
    with progress("reading") as line:
        found = transformed(pipeline, data, out, sending, lambda file, records: line(f"{file}: {records:,} records"))
    _say(found, out)
    return 1 if any(one.refusals for one in found) else 0


def _parted(things: Sequence[str]) -> tuple[list[str], list[str]]:
    """The stages, which their suffix tells, and the data. Errors: `RequestError` without both."""
    from tilth.serve.predictions import PYTHON
    from tilth.steps.models import FORMS

    stages = [t for t in things if t.startswith(("http://", "https://", PYTHON)) or PurePath(t).suffix.lower() in (".tilth", *FORMS)]
    data = [t for t in things if t not in stages]
    if not stages or not data:
        message = "no fitted flow or model is named" if not stages else "no data are named"
        raise RequestError(message, accepted="tilth batch NAME.tilth [MODEL] DATA… -o OUT", code="bad-stage" if not stages else "no-files")
    return stages, data


def _say(found: Sequence[Transformed], out: str) -> None:
    for one in found:
        for refusal in one.refusals[:SHOWN]:
            field = f", column {refusal['field']!r}" if "field" in refusal else ""
            say(f"{one.file}, line {refusal['line']}{field}: {refusal['message']} [{refusal['code']}]")
        if one.refusals:
            more = f"and {len(one.refusals) - SHOWN:,} more; " if len(one.refusals) > SHOWN else ""
            left = "; the rest of it was not read" if len(one.refusals) == MOST_REFUSED else ""
            say(f"{one.file} has no answers: {more}all are in {one.file}{REFUSALS}{left}")
    done = [one for one in found if not one.refusals]
    say(f"{sum(one.records for one in done):,} records of {len(done):,} of {len(found):,} files answered: {out}")
