"""The command line: a thin face of the verbs.

`tilth`, `tilth --help` and `tilth --version` are answered from a text, before anything is imported.
"""

from __future__ import annotations

import codecs
import gc
import io
import os
import sys
from pathlib import Path
from typing import NoReturn

HELP = Path(__file__).with_name("help.txt")
BROKEN_PIPE = 141  # what shells show of a program that SIGPIPE ended


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    0: done, all rules passed. 1: the data failed its rules. 2: the request is wrong. 3: the machine failed. 130: Ctrl-C.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if arguments is None:  # a process of its own: trees of queries are cyclic and many, and collecting them often takes a quarter of a run
        gc.set_threshold(50_000, 20, 100)
    _open_streams()
    if words in ([], ["--help"], ["-h"]):
        _tell(HELP.read_text("utf-8"))
    if words == ["--version"]:
        from tilth import __version__

        _tell(f"tilth {__version__}\n")
    try:
        from tilth.cli.app import run

        code = run(words)
    except KeyboardInterrupt:  # before or after the command itself, which says so in words
        code = 130
    sys.exit(code)


def _open_streams() -> None:
    """Give the process the streams that its caller closed, and let them hold every character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 -- until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if ascii_only else None, errors="replace")


def _tell(text: str) -> NoReturn:
    """Print a text and leave."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries again at its end
        if isinstance(error, BrokenPipeError):
            sys.exit(BROKEN_PIPE)
        sys.stderr.write(f"{error.strerror}\n")
        sys.exit(3)
    sys.exit(0)
