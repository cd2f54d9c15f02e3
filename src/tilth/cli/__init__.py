"""The command line, a thin layer over the verbs.

`tilth`, `tilth --help` and `tilth --version` are answered without importing anything else.
"""

from __future__ import annotations

import atexit
import codecs
import gc
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

HELP = Path(__file__).with_name("help.txt")
BROKEN_PIPE = 141  # the exit code that a shell shows for a program ended by SIGPIPE


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its exit code.

    0: done, all rules passed. 1: the data failed its rules. 2: the request is wrong. 3: the machine failed. 130: Ctrl-C.
    """
    words = sys.argv[1:] if arguments is None else arguments
    ended: list[int] = []
    if arguments is None:  # in our own process: query trees are cyclic, and frequent garbage collection takes a quarter of a run
        gc.set_threshold(50_000, 20, 100)
        atexit.register(_end, ended)
    _open_streams()
    if words in ([], ["--help"], ["-h"]):
        _print_and_exit(HELP.read_text("utf-8"))
    if words == ["--version"]:
        from tilth import __version__

        _print_and_exit(f"tilth {__version__}\n")
    try:
        from tilth.cli.app import run

        code = run(words)
    except KeyboardInterrupt:  # outside the command, which handles its own
        code = 130
    ended.append(code)
    sys.exit(code)


def _end(ended: Sequence[int]) -> None:
    """End the process of a finished command, after the other exit handlers.

    Otherwise Python would first destroy all modules and objects, which takes a tenth of a second. If the output cannot be flushed, Python's
    normal exit reports it.
    """
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        for code in ended:
            os._exit(code)


def _open_streams() -> None:
    """Reopen standard streams that the caller closed, and let them encode every character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 -- open until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if ascii_only else None, errors="replace")


def _print_and_exit(text: str) -> NoReturn:
    """Print to standard output and exit."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # otherwise the interpreter flushes again at exit
        if isinstance(error, BrokenPipeError):
            sys.exit(BROKEN_PIPE)
        sys.stderr.write(f"{error.strerror}\n")
        sys.exit(3)
    sys.exit(0)
