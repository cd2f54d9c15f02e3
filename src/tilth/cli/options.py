"""Options that several commands share, and what they make."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tilth.engine.session import Engine, Session
    from tilth.report import Report

Command = TypeVar("Command", bound=Callable[..., Any])

SIZE = re.compile(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?B|%)", re.IGNORECASE)


def size(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """A size of memory, such as `2GiB`, refused while nothing has begun."""
    if given is not None and not SIZE.fullmatch(given):
        raise click.BadParameter(f"{given!r} is no size; such as 512MiB, 2GiB or 60%", context, parameter)
    return given


class _Named(click.ParamType[str]):
    """The name of a file or folder: never empty, as it is where a variable of the shell is."""

    name = "place"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself."""
        if not value:
            self.fail("an empty text is no name of a file or folder; is a variable of the shell empty?", param, ctx)
        return value


class _Target(_Named):
    """Where a result goes."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself."""
        if value == "-":
            self.fail("results go into files, not to standard output: give a name", param, ctx)
        return super().convert(value, param, ctx)


INPUT, OUTPUT = _Named(), _Target()


def _allow_python(context: click.Context, parameter: click.Parameter, allowed: bool) -> None:
    if allowed:
        import os

        from tilth.engine.python_operation import allow_python

        sys.path.insert(0, os.getcwd())  # noqa: PTH109 -- a text
        context.with_resource(allow_python())


ALLOW_PYTHON = click.option(
    "--allow-python",
    is_flag=True,
    expose_value=False,
    callback=_allow_python,
    help="Let the flow run functions of yours, from modules here or installed. Only for flows that you trust.",
)

READING = (
    click.option("--format", "format_", metavar="FORMAT", help="The format, where the file's name does not say it."),
    click.option("--delimiter", metavar="TEXT", help="What separates the values of a CSV file; found out otherwise."),
    click.option("--quote", metavar="TEXT", help='What stands around a value that holds a delimiter: " unless said; "" for nothing.'),
    click.option("--header/--no-header", default=None, help="Whether the first line holds the names; found out otherwise."),
    click.option("--names", metavar="A,B,…", help="The columns' names, for a file without a header."),
    click.option("--null", "nulls", multiple=True, metavar="TEXT", help="A text that stands for a missing value; may be repeated."),
    click.option("--encoding", metavar="NAME", help="How the text is encoded; utf-8 otherwise."),
)
ENGINE = (
    click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True, help="Where it runs."),
    click.option("--memory-limit", metavar="SIZE", callback=size, help="Memory that DuckDB keeps to, such as 2GiB; the rest goes to disk."),
    click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads of DuckDB."),
    click.option("--spill", metavar="FOLDER", help="Where DuckDB puts what does not fit into memory."),
    click.option("--spark-remote", metavar="URL", help="A Spark Connect server, such as sc://host:15002; a local Spark otherwise."),
)


def shared(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that adds options to a command."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def engine_from(engine: str, memory_limit: str | None, threads: int | None, spill: str | None, spark_remote: str | None) -> Session:
    """A session of the engine that the options ask for, for as long as the command runs; on a terminal it shows what it does."""
    made: Engine
    if engine == "spark":
        from tilth.engine.spark import Spark

        with progress("starting Spark"):
            made = Spark(remote=spark_remote)
    else:
        from tilth.engine.duckdb import DuckDB

        made = DuckDB(memory_limit=memory_limit, threads=threads, spill=spill)
    session = made.session(progress=progress)
    return click.get_current_context().with_resource(session)


def reading_from(
    format_: str | None,
    delimiter: str | None,
    quote: str | None,
    header: bool | None,
    names: str | None,
    nulls: tuple[str, ...],
    encoding: str | None,
) -> dict[str, Any]:
    """The options of `tilth.read` that were given."""
    given: dict[str, Any] = {"format": format_, "delimiter": delimiter, "quote": quote, "header": header}
    given |= {"nulls": nulls or None, "encoding": encoding, "names": [n.strip() for n in names.split(",")] if names else None}
    return {k: v for k, v in given.items() if v is not None}


@contextmanager
def progress(what: str) -> Iterator[None]:
    """A line on the terminal while something runs; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def show(report: Report, json: bool = False) -> None:
    """Print a report: JSON, or a table as wide as the terminal."""
    if json:
        from tilth.report.json import to_json

        click.echo(to_json(report))
    else:
        from tilth.report.text import to_text

        click.echo(to_text(report), nl=False)
