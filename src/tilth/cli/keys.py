"""tilth protect key."""

from __future__ import annotations

import json as json_
from pathlib import Path

import click

from tilth.options import INPUT, OUTPUT, say


@click.group()
def key() -> None:
    """Make, rotate and show the keys of a key file."""


PASSPHRASE = click.option("--passphrase", is_flag=True, help="Encrypt the key with a passphrase; you are asked for it.")
UNDER = "Another key to wrap it with, such as aws-kms:alias/tilth."


@key.command()
@click.argument("file", type=OUTPUT, metavar="FILE")
@PASSPHRASE
@click.option("--under", metavar="KEY", help=UNDER)
def new(file: str, passphrase: bool, under: str | None) -> int:
    """Make the key file FILE with one key, readable only by you. The key itself is never printed."""
    from tilth.encryption.keyfile import new_key_file
    from tilth.encryption.keys import key_of

    if passphrase and under:
        raise click.UsageError("--passphrase and --under exclude each other")
    made = new_key_file(Path(file).expanduser(), _new_passphrase() if passphrase else None, key_of(under) if under else None)
    click.echo(made.id)
    say(f"{file} holds the key {made.id}. Back it up: without it, what it encrypts is gone.", f"Use it by: protect: {{key: file:{file}}}")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@PASSPHRASE
def rotate(file: str, passphrase: bool) -> int:
    """Make a new active key in FILE. The old key is retired: it still decrypts, but encrypts nothing new."""
    from tilth.encryption.keyfile import KeyFile

    held = KeyFile(Path(file).expanduser())
    old = held.active.id
    made = held.rotated(_new_passphrase() if passphrase or held.active.protection == "scrypt" else None)
    click.echo(made.id)
    say(f"{made.id} is active in {file}, and {old} is retired. Back the file up.", "Move data sets to the new key by: tilth protect rewrap")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option("--under", metavar="KEY", required=True, help=UNDER)
def wrap(file: str, under: str) -> int:
    """Wrap the keys in FILE with another key. They stay the same, so what they encrypted stays readable."""
    from tilth.encryption.keyfile import KeyFile
    from tilth.encryption.keys import key_of

    KeyFile(Path(file).expanduser()).wrapped(key_of(under))
    say(f"the keys in {file} are wrapped by {under}. Copies from before are not: remove them.")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.argument("name", metavar="ID")
@click.argument("folders", type=INPUT, metavar="FOLDER…", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(file: str, name: str, folders: tuple[str, ...], yes: bool) -> int:
    """Destroy the retired key ID in FILE, if nothing in the FOLDERs is encrypted with it. This is recorded in protect/log.jsonl."""
    from tilth.encryption.keyfile import KeyFile
    from tilth.protection.keys import destroy as destroyed

    held = KeyFile(Path(file).expanduser())
    held.reject_unretired(name)
    if not yes:
        click.confirm(f"destroy {name}? What else is encrypted under it, such as in backups, is lost", abort=True, err=True)
    looked = destroyed(held, name, [Path(folder) for folder in folders])
    say(f"{name} is destroyed; none of {looked:,} files is encrypted under it", "Copies of the key file from before still hold it.")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option("--json", is_flag=True, help="Print JSON.")
def show(file: str, json: bool) -> int:
    """Show the ids, states and dates of the keys in FILE, but not the keys."""
    from tilth.display import Grid
    from tilth.encryption.keyfile import KeyFile

    entries = KeyFile(Path(file).expanduser()).entries
    names = {"scrypt": "passphrase"}
    rows = [[e.id, e.state, e.created, e.under or names.get(e.protection, "")] for e in entries]
    titles = ["id", "state", "created", "under"]
    if json:
        click.echo(json_.dumps([dict(zip(titles, row, strict=True)) for row in rows], indent=1))
    else:
        click.echo(Grid(f"keys in {file}", titles, rows))
    return 0


def _new_passphrase() -> str:
    """A new passphrase: requested twice on a terminal, otherwise taken from the environment."""
    import os

    from tilth.encryption.keyfile import PASSPHRASE, PASSPHRASE_FD, passphrase

    if os.environ.get(PASSPHRASE) or os.environ.get(PASSPHRASE_FD):
        return passphrase()
    return str(click.prompt("new passphrase of the key file", hide_input=True, confirmation_prompt=True))
