"""tilth protect."""

from __future__ import annotations

import json as json_
from pathlib import Path

import click

from tilth.options import INPUT, OUTPUT, say


@click.group()
def command() -> None:
    """Make and rotate keys, and keep what is written encrypted under them."""


@command.group()
def key() -> None:
    """Make, rotate and show the keys of a key file."""


PASSPHRASE = click.option("--passphrase", is_flag=True, help="Encrypt the key under a passphrase, which is asked for.")


@key.command()
@click.argument("file", type=OUTPUT, metavar="FILE")
@PASSPHRASE
def new(file: str, passphrase: bool) -> int:
    """Make FILE with one key, readable by you alone. The key itself is never printed."""
    from tilth.encryption.keyfile import new_key_file

    made = new_key_file(Path(file).expanduser(), _new_passphrase() if passphrase else None)
    click.echo(made.id)
    say(f"{file} holds the key {made.id}. Back it up: without it, what it encrypts is gone.", f"Use it by: protect: {{key: file:{file}}}")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@PASSPHRASE
def rotate(file: str, passphrase: bool) -> int:
    """Make a new active key in FILE. The old one is retired: it decrypts what it has encrypted, and encrypts nothing more."""
    from tilth.encryption.keyfile import KeyFile

    held = KeyFile(Path(file).expanduser())
    old = held.active.id
    made = held.rotated(_new_passphrase() if passphrase or held.active.protection == "scrypt" else None)
    click.echo(made.id)
    say(f"{made.id} is active in {file}, and {old} is retired. Back the file up.", "Move data sets to the new key by: tilth protect rewrap")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option("--json", is_flag=True, help="Print JSON.")
def show(file: str, json: bool) -> int:
    """Show the ids, states and dates of the keys in FILE, and no key."""
    from tilth.display import Grid
    from tilth.encryption.keyfile import KeyFile

    entries = KeyFile(Path(file).expanduser()).entries
    rows = [{"id": e.id, "state": e.state, "created": e.created, "passphrase": e.protection == "scrypt"} for e in entries]
    if json:
        click.echo(json_.dumps(rows, indent=1))
    else:
        cells = [[r["id"], r["state"], r["created"], "yes" if r["passphrase"] else ""] for r in rows]
        click.echo(Grid(f"keys in {file}", ["id", "state", "created", "passphrase"], [[str(c) for c in row] for row in cells]))
    return 0


def _new_passphrase() -> str:
    """A new passphrase: asked for twice on a terminal, else what the environment refers to."""
    import os

    from tilth.encryption.keyfile import PASSPHRASE, PASSPHRASE_FD, passphrase

    if os.environ.get(PASSPHRASE) or os.environ.get(PASSPHRASE_FD):
        return passphrase()
    return str(click.prompt("new passphrase of the key file", hide_input=True, confirmation_prompt=True))
