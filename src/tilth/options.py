"""Shared by the commands of all entry points: options, the objects made from them, and the display of progress and results."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tilth.engine.session import Engine, Session
    from tilth.flow import Flow
    from tilth.report import Report

Command = TypeVar("Command", bound=Callable[..., Any])

SIZE = re.compile(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?B|%)", re.IGNORECASE)


def size(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """An amount of memory, such as `2GiB`. Errors: `click.BadParameter`."""
    if text is not None and not SIZE.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not a size such as 512MiB, 2GiB or 60%", context, parameter)
    return text


class _Path(click.ParamType[str]):
    """A path or URI. It is never empty, as from an unset shell variable; for an output it is never standard output."""

    name = "place"

    def __init__(self, *, output: bool) -> None:
        self.output = output

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value, checked."""
        if not value:
            self.fail("an empty string is not the name of a file or folder; is a shell variable unset?", param, ctx)
        if self.output and value == "-":
            self.fail("results are written to files, not to standard output: give a name", param, ctx)
        return value


class _Names(click.ParamType[tuple[str, ...]]):
    """Names separated by commas, without blanks around them; empty names are left out."""

    name = "names"

    def convert(self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The names; a default value is a tuple already."""
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


INPUT, OUTPUT, NAMES = _Path(output=False), _Path(output=True), _Names()


def _allow_python(context: click.Context, parameter: click.Parameter, allowed: bool) -> None:
    if allowed:
        from pathlib import Path

        from tilth.engine.python_operation import allow_python

        sys.path.insert(0, str(Path.cwd()))
        context.with_resource(allow_python())


ALLOW_PYTHON = click.option(
    "--allow-python",
    is_flag=True,
    expose_value=False,
    callback=_allow_python,
    help="Allow the flow to run Python functions, from installed modules or the current folder. Only for flows that you trust.",
)

PRIVATE = click.option("--private", multiple=True, metavar="COLUMN", help="A column to mask in the output; may be repeated.")
TRANSFORMS = click.option(
    "--output", type=NAMES, default=(), metavar="NAMES", help="Transforms for the output of the model, such as temperature=1.7,softmax."
)
TRUSTED = click.option(
    "--trusted", multiple=True, metavar="TYPE", help="A type to allow in a .skops file, in addition to those that skops trusts."
)
OUTPUTS = click.option(
    "-o",
    "--out",
    "outputs",
    type=OUTPUT,
    multiple=True,
    metavar="[FORMAT=]FILE",
    help="Also write the report: .html, .pdf, .ipynb, .md, .json, .xml (JUnit), .sarif, or as FORMAT=FILE; may be repeated.",
)
JUDGING = (
    click.option(
        "--composites",
        type=click.Choice(["column", "row"]),
        default="column",
        show_default=True,
        help="Combine the parts of rules with AND and OR by their outcomes, or row by row.",
    ),
    click.option(
        "--empty",
        type=click.Choice(["glue", "pass", "fail"]),
        default="glue",
        show_default=True,
        help="The outcome of a rule over no rows; as in Glue, it fails for an empty table, and passes if its `where` matches no row.",
    ),
    click.option(
        "--date-granularity",
        type=click.Choice(["operand", "day"]),
        default="operand",
        show_default=True,
        help="Compare dates as precisely as the condition, or always by day.",
    ),
    click.option("--strict-types", is_flag=True, help="ColumnDataType does not accept 12.0 as an integer."),
)
AS_JSON = click.option("--json", is_flag=True, help="Print the report as JSON.")
FULL = click.option("--full", is_flag=True, help="Print every section, not only the verdict, the rules and the warnings.")
REPORTS = click.option(
    "--report",
    "reports",
    type=NAMES,
    metavar="SUFFIXES",
    help="The formats of the report in addition to report.json, such as html,pdf. Default: html.",
)
FORCE = click.option("--force", is_flag=True, help="Replace an existing file.")
SECRET = click.option(
    "--secret", metavar="REFERENCE", help="Where the password or key for the data is: env:NAME, file:PATH, aws:NAME, command:WORDS …"
)
READING = (
    click.option("--format", metavar="FORMAT", help="The file format, if the suffix does not determine it."),
    click.option("--delimiter", metavar="TEXT", help="The delimiter of a CSV file; detected by default."),
    click.option("--quote", metavar="TEXT", help='The quote character of a CSV file: " by default; "" for none.'),
    click.option(
        "--header/--no-header", default=None, help="Whether the first line has the column names. Default: yes; `init` detects it."
    ),
    click.option("--names", type=NAMES, metavar="A,B,…", help="Column names, for a file without a header."),
    click.option("--null", "nulls", multiple=True, metavar="TEXT", help="A string to read as null; may be repeated."),
    click.option("--encoding", metavar="NAME", help="The encoding; utf-8 by default."),
    click.option(
        "--pattern",
        metavar="TEXT",
        help="For folders of images: the pattern of their paths, such as {split}/{class}/{}; each name becomes a column.",
    ),
    click.option("--objects", metavar="NAME", help="For augmented manifests: the member with boxes; each object becomes a row."),
    click.option("--detections", metavar="NAME", help="With --objects: the member with a model's boxes, to compare them."),
    click.option("--contains", metavar="CLASS", help="For augmented manifests: a column says whether an image has this class."),
    SECRET,
)


def _protect(context: click.Context, parameter: click.Parameter, key: str | None) -> None:
    if key:
        from tilth.store.protection import protected

        context.with_resource(protected(key))


def _allow_plaintext(context: click.Context, parameter: click.Parameter, kinds: tuple[str, ...]) -> None:
    if kinds:
        from tilth.store.protection import allowing

        context.with_resource(allowing(kinds))


KEY = (
    click.option(
        "--key",
        metavar="REFERENCE",
        expose_value=False,
        callback=_protect,
        help="Encrypt everything written, and decrypt what is read, with this key, such as file:PATH or aws-kms:KEY.",
    ),
    click.option(
        "--allow-plaintext",
        type=click.Choice(["report", "spill"]),
        multiple=True,
        expose_value=False,
        callback=_allow_plaintext,
        help="Do not encrypt the report, or temporary files of an engine or a training program; this is recorded. May be repeated.",
    ),
)
ENGINE = (
    *KEY,
    click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True, help="The engine."),
    click.option("--memory-limit", metavar="SIZE", callback=size, help="Memory limit of DuckDB, such as 2GiB; it spills to disk."),
    click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads of DuckDB."),
    click.option("--spill", metavar="FOLDER", help="The folder that DuckDB spills to."),
    click.option("--spark-remote", metavar="URL", help="A Spark Connect server, such as sc://host:15002; by default Spark runs locally."),
)


def shared(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that adds options to a command."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def keeping_key(flow: Flow) -> Flow:
    """Put the key of a flow in force until the command ends, and return the flow."""
    from tilth.flow.protecting import under_key

    click.get_current_context().with_resource(under_key(flow))
    return flow


def engine_from(options: dict[str, Any]) -> Session:
    """A session of the engine, open until the command ends; it shows progress on a terminal. Removes its options from `options`."""
    return click.get_current_context().with_resource(sessions_from(options)())


def sessions_from(options: dict[str, Any]) -> Callable[[], Session]:
    """A function that makes sessions of the engine, which show progress on a terminal. Removes its options from `options`."""
    made: Engine
    engine, remote = options.pop("engine"), options.pop("spark_remote")
    limits = {name: options.pop(name) for name in ("memory_limit", "threads", "spill")}
    if engine == "spark":
        from tilth.engine.spark import Spark

        with progress("starting Spark"):
            made = Spark(remote=remote)
    elif any(limit is not None for limit in limits.values()):
        from tilth.engine.duckdb import DuckDB

        made = DuckDB(**limits)
    else:
        from tilth.engine.chosen import engine_for

        made = engine_for("duckdb")

    def session() -> Session:
        new = made.session(progress=progress)
        new.confine()
        return new

    return session


def reading_from(options: dict[str, Any]) -> dict[str, Any]:
    """The given options for reading, as keyword arguments of `tilth.read`. Removes them from `options`."""
    given = {
        name: options.pop(name)
        for name in (
            "format",
            "delimiter",
            "quote",
            "header",
            "names",
            "nulls",
            "encoding",
            "pattern",
            "objects",
            "detections",
            "contains",
            "secret",
        )
    }
    given |= {"nulls": given["nulls"] or None, "names": given["names"] or None}
    return {k: v for k, v in given.items() if v is not None}


def beside(place: str, data: str, secret: str | None) -> Any:
    """A further table. It uses the secret of the data if its place is of the same kind, such as another table of the database."""
    from tilth.store.places import secured
    from tilth.store.uri import scheme_of

    return secured(place, secret if scheme_of(place) == scheme_of(data) else None)


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show a line while the block runs, if standard error is a terminal. Yields a function that changes the line."""
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(what)) as status:
        yield lambda what: status.update(Text(what))


def say(*lines: str) -> None:
    """Print messages to standard error, if it can be written. Secrets that were used are hidden in them."""
    secrets = sys.modules.get("tilth.secrets.hiding")  # if not imported, no secret was used
    with suppress(OSError):
        for line in lines:
            click.echo(secrets.hidden(line) if secrets else line, err=True)


def show(report: Report, json: bool = False, full: bool = True) -> None:
    """Print a report: JSON, or text as wide as the terminal; if not `full`, only what matters first."""
    if json:
        from tilth.report.json import to_json

        click.echo(to_json(report))
    else:
        from tilth.report.text import to_text

        click.echo(to_text(report, full=full), nl=False)
