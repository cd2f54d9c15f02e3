"""The commands, imported on demand, and the handling of errors and signals."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from traceback import format_exc

import click

from tilth.cli import BROKEN_PIPE, HELP
from tilth.errors import RequestError, TilthError, did_you_mean
from tilth.options import say

# in the order of `help.txt`
COMMANDS = (
    "run",
    "check",
    "history",
    "profile",
    "scan",
    "measure",
    "compare",
    "card",
    "fit",
    "apply",
    "serve",
    "batch",
    "replay",
    "train",
    "protect",
    "plan",
    "export",
    "init",
    "recommend",
    "convert",
    "lint",
    "fmt",
    "test",
    "schema",
    "demo",
)
DOORS = {  # commands of other entry points, which the command line may not import
    "serve": "tilth.serve.command",
    "batch": "tilth.serve.batch_command",
    "replay": "tilth.serve.replay_command",
}
TRACEBACK = "TILTH_TRACEBACK"  # environment variable; if set, unexpected exceptions are shown with their traceback
EXPECTED = (TilthError, click.ClickException, click.exceptions.Exit, OSError, MemoryError)
STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has no SIGHUP
BY_SIGNAL = 128  # plus the signal's number: the exit code by convention


class Stop(KeyboardInterrupt):
    """A signal to stop, with its number. After a plain KeyboardInterrupt, the interpreter may end by SIGINT and ignore the exit code."""


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command with this name, if any."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(DOORS.get(name, f"tilth.cli.commands.{name}")).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command to run; an unknown name is rejected with the closest one."""
        if args and args[0] not in COMMANDS:
            near = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"there is no command {args[0]!r}" + (f"; {near}" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The help of `tilth`, without importing any command."""
        return HELP.read_text("utf-8").rstrip()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tilth", message="tilth %(version)s")
def tilth() -> None:
    """Prepare data for machine learning, check that it is ready, and serve the same preparation with the model."""


def run(words: Sequence[str]) -> int:
    """Run one command, and return its exit code."""
    with _interrupts() as interrupts, warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: say(f"warning: {message}")
        try:
            result = tilth.main(args=list(words), prog_name="tilth", standalone_mode=False)
        except (click.Abort, KeyboardInterrupt):
            return _interrupted(interrupts)
        except SystemExit:  # from click, when the reader of standard output is gone
            return BROKEN_PIPE
        except Exception as error:  # noqa: BLE001 -- the last resort: users see a message, not a traceback
            if interrupts:  # engines raise their own exception on Ctrl-C
                return _interrupted(interrupts)
            if os.environ.get(TRACEBACK) and not isinstance(error, EXPECTED):
                say(format_exc().rstrip())
            return _report_error(error)
    return result if isinstance(result, int) else 0


def _report_error(error: Exception) -> int:
    """Print the message of an error, and return its exit code."""
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
        case BrokenPipeError():  # the reader closed the pipe
            return BROKEN_PIPE
        case MemoryError():
            say("out of memory", "give a lower --memory-limit, so that the engine spills to disk")
        case ModuleNotFoundError() if error.name and not error.name.startswith("tilth"):
            say(f"the package {error.name.partition('.')[0]} is not installed", "install it, or the extra of Tilth that has it")
            return RequestError.exit_code
        case ImportError() if "shared object" in error.msg:
            say(f"a library cannot be loaded: {error.msg}", "is the memory of this process limited [ulimit -v]?")
        case OSError():
            say(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        case _:
            say(f"internal error: {type(error).__name__}: {error}", f"please report it; {TRACEBACK}=1 shows the traceback")
    return 3


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Raise `Stop` for signals to stop while the block runs, so that cleanup happens; yields the signals received."""
    received: list[int] = []

    def on_signal(number: int, frame: object) -> None:
        received.append(number)
        raise Stop(number)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {stop: signal.getsignal(stop) for stop in STOPS}
    handled = {stop: handler for stop, handler in before.items() if handler is not signal.SIG_IGN}  # nohup and & ignore some
    for stop in handled:
        signal.signal(stop, on_signal)
    try:
        yield received
    finally:
        for stop, handler in handled.items():
            signal.signal(stop, handler)


def _interrupted(interrupts: Sequence[int]) -> int:
    say("interrupted; existing files are unchanged")
    return BY_SIGNAL + (interrupts[0] if interrupts else signal.SIGINT)
