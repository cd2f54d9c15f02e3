"""Writes the help of each command into the page of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from tilth.cli.app import COMMANDS, tilth

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/command-line.md"


def command_help(name: str) -> str:
    """What `tilth NAME --help` prints, on a terminal of 100 columns; of a group also for each command in it."""
    command = tilth.get_command(click.Context(tilth), name)
    if command is None:
        raise SystemExit(f"there is no command {name}")
    parent = click.Context(tilth, info_name="tilth", **tilth.context_settings)
    return "\n".join(_helps(command, name, parent))


def _helps(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, parent, name, terminal_width=100, max_content_width=100)
    yield command.get_help(context) + "\n"
    for below, of in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _helps(of, below, context)


def filled(page: str) -> str:
    """The page with the text of each command's help between its marks."""
    for name in COMMANDS:
        block = f"<!-- help: {name} -->\n```text\n{command_help(name)}```\n<!-- end -->"
        page, found = re.subn(rf"<!-- help: {name} -->.*?<!-- end -->", block.replace("\\", r"\\"), page, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{PAGE.name} has no marks for {name}")
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
