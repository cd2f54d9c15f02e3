"""The commands, each imported when it is asked for, and what becomes of errors."""

from __future__ import annotations

import difflib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

import click

from tilth.cli import BROKEN_PIPE
from tilth.errors import TilthError

COMMANDS: dict[str, str] = {
    "run": "Read, check, prepare, measure and deliver, as a flow says.",
    "check": "Judge data by a ruleset.",
    "measure": "Measure bias and profile of data.",
    "fit": "Learn a flow and save what it learned.",
    "apply": "Prepare data by a fitted flow.",
    "plan": "Show the queries that a flow would run.",
    "init": "Look at a file and write a flow for it.",
    "lint": "Check rulesets without data.",
    "schema": "Print the JSON Schema of the flow file or the report.",
    "demo": "Make example data and run the whole flow on it.",
}
HELP_END = (
    "Start with: tilth demo, or tilth init YOUR.csv. Each command has its own --help.",
    "",
    "Results go to standard output, words to standard error. Exit codes: 0 done, and all rules passed;",
    "1 the data failed its rules; 2 the request is wrong; 3 the machine failed.",
    "",
)
TRACEBACK = "TILTH_TRACEBACK"  # set in the environment, it lets unexpected exceptions through
EXPECTED = (TilthError, click.ClickException, click.exceptions.Exit, OSError, MemoryError)
STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has no SIGHUP
BY_SIGNAL = 128  # shells expect this and the signal's number of a program that a signal ended


class Stop(KeyboardInterrupt):
    """A signal to stop. Of a plain KeyboardInterrupt the interpreter may make its own end by SIGINT, whatever code was to be told."""


class LazyGroup(click.Group):
    """Knows its commands by name; a command's module is imported when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of a name."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"tilth.cli.commands.{name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; an unknown one is refused with the nearest name."""
        if args and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            raise click.UsageError(f"there is no command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The text that `tilth` alone prints, without importing any command."""
        return help_text().rstrip()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tilth", message="tilth %(version)s")
def tilth() -> None:
    """Make data ready for machine learning, prove that it is, and carry the same preparation in front of the model."""


def help_text() -> str:
    """What `tilth --help` prints; it is kept in `help.txt`, so that it can be printed before anything is imported."""
    width = max(map(len, COMMANDS))
    commands = (f"  {name:<{width}}  {sentence}" for name, sentence in COMMANDS.items())
    return "\n".join(["Usage: tilth COMMAND THINGS… [-o PLACE]", "", f"  {tilth.help}", "", "Commands:", *commands, "", *HELP_END])


def run(words: Sequence[str]) -> int:
    """Run one command; its exit code."""
    with _interrupts() as interrupts:
        try:
            found = tilth.main(args=list(words), prog_name="tilth", standalone_mode=False)
        except (click.Abort, KeyboardInterrupt):
            return _interrupted(interrupts)
        except SystemExit:  # click's answer to a reader that has gone: what the code would have told is not to be trusted
            return BROKEN_PIPE
        except Exception as error:  # the last resort: nobody who asks for a report is shown a traceback
            if interrupts:  # an engine makes an exception of its own of Ctrl-C
                return _interrupted(interrupts)
            if os.environ.get(TRACEBACK) and not isinstance(error, EXPECTED):
                raise
            return _told(error)
    return found if isinstance(found, int) else 0


def _told(error: Exception) -> int:
    """Say what went wrong; the exit code for it."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            with suppress(OSError):
                error.show()
            return 2
        case TilthError():
            say(str(error))
            return error.exit_code
        case BrokenPipeError():  # whoever reads the output has seen enough
            return BROKEN_PIPE
        case MemoryError():
            say("out of memory", "give a lower --memory-limit, so that the engine spills to disk")
        case OSError():
            say(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        case _:
            say(f"a mistake of Tilth's own: {type(error).__name__}: {error}", f"please tell us; {TRACEBACK}=1 shows where it happened")
    return 3


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """The signals to stop that come while the block runs: each is a `Stop`, so that what was begun is cleared away."""
    noted: list[int] = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        raise Stop

    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {stop: signal.getsignal(stop) for stop in STOPS}
    heard = {stop: handler for stop, handler in before.items() if handler is not signal.SIG_IGN}  # nohup and & ignore some
    for stop in heard:
        signal.signal(stop, note)
    try:
        yield noted
    finally:
        for stop, handler in heard.items():
            signal.signal(stop, handler)


def say(*lines: str) -> None:
    """Words, on standard error, as far as there is room for them."""
    with suppress(OSError):
        for line in lines:
            click.echo(line, err=True)


def _interrupted(interrupts: Sequence[int]) -> int:
    say("interrupted; what was there before is still there")
    return BY_SIGNAL + (interrupts[0] if interrupts else signal.SIGINT)
