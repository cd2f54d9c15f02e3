"""tilth batch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import click

from tilth.errors import RequestError
from tilth.options import ALLOW_PYTHON, INPUT, KEY, OUTPUT, TRANSFORMS, TRUSTED, progress, say, shared
from tilth.serve.batching import MOST_REFUSED, OUT, REFUSALS, Sending, Transformed, transformed
from tilth.serve.paths import Path
from tilth.serve.processing import Processing
from tilth.serve.sources import Source

SHOWN = 5  # refusals of a file that are printed
SECONDS, RETRIES = 600, 3  # for a request to a stage in another process; SageMaker's defaults
INSTANCE = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


def _instance(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int]:
    found = INSTANCE.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise click.BadParameter(f"{text!r} is not one of several runs, such as 2/3", context, parameter)
    return int(found[1]), int(found[2])


@click.command()
@click.argument("things", nargs=-1, required=True, metavar="NAME.tilth… [MODEL | URL]… DATA…")
@click.option(
    "-o", "--out", type=OUTPUT, metavar="OUT", help=f"The folder for the answers, NAME{OUT} for each file. An existing one is replaced."
)
@click.option(
    "--job",
    type=INPUT,
    metavar="JOB.json",
    help="A SageMaker transform job with data, output and options; options on the command line take precedence.",
)
@TRANSFORMS
@click.option("--content-type", metavar="TYPE", help="The media type of the files. Default: by suffix.")
@click.option("--accept", metavar="TYPE", help="The media type of the answers. Default: that of the file.")
@click.option(
    "--split",
    type=click.Choice(["line", "recordio", "tfrecord", "none"]),
    help="How to split files into records, or none for whole files. Default: by content type.",
)
@click.option("--compression", type=click.Choice(["gzip", "none"]), help="The compression of the files. Default: by name.")
@click.option(
    "--assemble", type=click.Choice(["line", "none"]), help="Whether to end each answer with a newline. Default: by content type."
)
@click.option(
    "--strategy",
    type=click.Choice(["multi-record", "single-record"]),
    help="As many records in a batch as fit, or one.  [default: the stage's, or multi-record]",
)
@click.option(
    "--max-payload",
    type=click.FloatRange(0, 100),
    metavar="MIB",
    help="The size of a batch; 0 for records and files of any size.  [default: the stage's, or 6]",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 100), metavar="N", help="The number of batches at the same time.  [default: the stage's, or 1]"
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    metavar="SECONDS",
    help=f"The time limit for an answer of a stage at a URL.  [default: {SECONDS}]",
)
@click.option(
    "--retries", type=click.IntRange(0, 3), metavar="N", help=f"How often to retry a stage at a URL that fails.  [default: {RETRIES}]"
)
@click.option("--input-filter", metavar="PATH", help="The part of a record to send, such as '$[1:]'. Default: all.")
@click.option("--join/--no-join", default=None, help="Join each record, unfiltered, with its answer.")
@click.option("--output-filter", metavar="PATH", help="The part of the (joined) answer to write, such as '$[0,-1]'.")
@click.option("--slice-end", type=click.Choice(["exclusive", "inclusive"]), help="Whether the range [1:4] of a filter includes position 4.")
@click.option(
    "--instance", callback=_instance, default="1/1", metavar="K/N", help="Divide the files among N runs, and transform those of run K."
)
@click.option("--strict", is_flag=True, help="Reject what SageMaker would reject.")
@ALLOW_PYTHON
@TRUSTED
@shared(*KEY)
def command(
    things: tuple[str, ...],
    out: str | None,
    job: str | None,
    output: tuple[str, ...],
    instance: tuple[int, int],
    strict: bool,
    slice_end: str | None,
    trusted: tuple[str, ...],
    **given: Any,
) -> int:
    """Transform files as `tilth serve` answers requests: prepare each record, predict, and transform the prediction.

    DATA are files, folders, patterns or manifests: CSV, JSON Lines, JSON, NPY, Parquet, RecordIO-protobuf or TFRecord; the stages before
    them are those of `tilth serve`. Answers keep the order of the file. If a record is rejected, its file has no answers, but
    NAME.out.errors.jsonl, which lists every rejected record; the other files continue, and the exit code is 1.
    """
    from tilth.serve.pipeline import Pipeline
    from tilth.serve.transform_job import TransformJob, environment, reject_beyond
    from tilth.store.local import reject_own_input
    from tilth.web.client import Patience

    read = None if job is None else TransformJob.load(job)
    options = {name: value for name, value in given.items() if value is not None}
    options = {**dict.fromkeys(given), **(read.options if read else {}), **options}
    stages, data = _parted(things, read.source if read else None)
    out = out or (read.TransformOutput.S3OutputPath if read else None)
    if out is None:
        raise RequestError("there is no place for the answers", accepted="-o OUT, or --job JOB.json", code="no-out")
    reject_own_input(out, [*stages, *(one.place for one in data)])
    processing = _processing(options, slice_end == "inclusive")
    if strict:
        reject_beyond(options)
    if read and slice_end is None:
        read.tell()
    patience = Patience(options["timeout"] or SECONDS, RETRIES if options["retries"] is None else options["retries"])
    sending = Sending(
        **{name: options[name] or "" for name in ("content_type", "accept", "split", "assemble", "compression")},
        single=None if options["strategy"] is None else options["strategy"] == "single-record",
        largest=options["max_payload"],
        concurrency=options["concurrency"],
        processing=processing,
    )
    with environment(options, read.Environment if read else {}), progress("reading") as line:
        pipeline = Pipeline.of(*stages, output=output, trusted=trusted, patience=patience, strict=strict)
        found = transformed(pipeline, data, out, sending, lambda file, records: line(f"{file}: {records:,} records"), instance)
    _say(found, out)
    return 1 if any(one.refusals for one in found) else 0


def _parted(things: Sequence[str], source: Source | None) -> tuple[list[str], list[Source]]:
    """Split arguments into stages, recognized by suffix, and data, by default a job's. Errors: `RequestError` if either is missing."""
    from tilth.measures.model_file import FORMS, PROGRAMS
    from tilth.serve.predictions import PYTHON
    from tilth.serve.remote import is_stage_address

    suffixes = (".tilth", *FORMS, *PROGRAMS)
    stages = [t for t in things if is_stage_address(t) or t.startswith(PYTHON) or PurePath(t).suffix.lower() in suffixes]
    data = [Source.of(t) for t in things if t not in stages] or ([source] if source else [])
    if not stages or not data:
        message = "no fitted flow or model is named" if not stages else "no data are named"
        raise RequestError(message, accepted="tilth batch NAME.tilth [MODEL] DATA… -o OUT", code="bad-stage" if not stages else "no-files")
    return stages, data


def _processing(options: Mapping[str, Any], inclusive: bool) -> Processing:
    """The filters and the join; `$` means no filter. Errors: `RequestError`."""
    texts = [options[name] for name in ("input_filter", "output_filter")]
    before, after = (None if text in (None, "$") else Path.parse(text, inclusive) for text in texts)
    return Processing(before, after, bool(options["join"]))


def _say(found: Sequence[Transformed], out: str) -> None:
    for one in found:
        for refusal in one.refusals[:SHOWN]:
            where = f"line {refusal['line']}" if "line" in refusal else f"record {refusal['record']}"
            field = f", column {refusal['field']!r}" if "field" in refusal else ""
            say(f"{one.file}, {where}{field}: {refusal['message']} [{refusal['code']}]")
        if one.refusals:
            more = f"and {len(one.refusals) - SHOWN:,} more; " if len(one.refusals) > SHOWN else ""
            left = "; the rest of it was not read" if len(one.refusals) == MOST_REFUSED else ""
            say(f"{one.file} has no answers: {more}all are in {one.file}{REFUSALS}{left}")
    done = [one for one in found if not one.refusals]
    say(f"{sum(one.records for one in done):,} records of {len(done):,} of {len(found):,} files answered: {out}")
