"""The command line: a thin face of the verbs.

`tilth`, `tilth --help` and `tilth --version` are answered from a text, before anything is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

HELP = Path(__file__).with_name("help.txt")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    0: done, all rules passed. 1: the data failed its rules. 2: the request is wrong. 3: the machine failed. 130: Ctrl-C.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words in ([], ["--help"], ["-h"]):
        sys.stdout.write(HELP.read_text("utf-8"))
        sys.exit(0)
    if words == ["--version"]:
        from tilth import __version__

        sys.stdout.write(f"tilth {__version__}\n")
        sys.exit(0)
    try:
        from tilth.cli.app import run

        code = run(words)
    except KeyboardInterrupt:  # before or after the command itself, which says so in words
        code = 130
    sys.exit(code)
