"""tilth protect."""

from __future__ import annotations

import json as json_
import sys
from pathlib import Path

import click

from tilth.options import INPUT, KEY, OUTPUT, say, shared


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


@command.command()
@click.argument("folder", type=INPUT, metavar="FOLDER")
@shared(*KEY)
def rewrap(folder: str) -> int:
    """Wrap the key of the data set FOLDER under the active key of --key, after a rotation. No data is touched."""
    from tilth.protection.keys import rewrap as rewrapped
    from tilth.store.protection import key_for

    before, after = rewrapped(Path(folder), key_for(folder))
    say(f"{folder} is under the key {after}; it was under {before}")
    return 0


@command.command()
@click.argument("folder", type=INPUT, metavar="FOLDER")
@click.option("--yes", is_flag=True, help="Do not ask.")
def shred(folder: str, yes: bool) -> int:
    """Destroy the key of the data set FOLDER: it can never be decrypted again."""
    from tilth.encryption.dataset import keys_in
    from tilth.protection.keys import shred as shredded

    keys_in(Path(folder))
    if not yes:
        click.confirm(f"destroy the key of {folder}? Its data cannot be decrypted after that", abort=True, err=True)
    say(
        f"the key of the data set {shredded(Path(folder))} is destroyed, and reading it fails",
        "The encrypted data is still there. A copy of its _tilth/keys.json, such as in a backup, would decrypt it: remove those too.",
    )
    return 0


@command.command()
@click.argument("folder", type=INPUT, metavar="FOLDER")
@click.option("--json", is_flag=True, help="Print JSON.")
@shared(*KEY)
def verify(folder: str, json: bool) -> int:
    """Look for files in FOLDER that are not encrypted, and with --key for data that is not what was written.

    Exit code 1 if there is one.
    """
    from tilth.protection.audit import audit
    from tilth.store.protection import in_force
    from tilth.store.unsealed import verified

    found = audit(Path(folder))
    if protection := in_force():
        for keys in sorted(Path(folder).rglob("_tilth/keys.json")):
            verified(protection.key, keys.parents[1])
    if json:
        click.echo(json_.dumps(found.to_json(), indent=1))
    else:
        for plain in found.plaintext:
            click.echo(f"{plain.path}: {plain.why}")
        say(f"{found.encrypted:,} of {found.checked_files:,} files are encrypted, {len(found.plaintext):,} should be and are not")
    return 1 if found.plaintext else 0


@command.command("open")
@click.argument("file", type=INPUT, metavar="FILE")
@shared(*KEY)
def open_(file: str) -> int:
    """Print what the sealed FILE holds, such as a report, decrypted by --key."""
    from tilth.store.documents import bytes_of

    sys.stdout.flush()
    sys.stdout.buffer.write(bytes_of(file, "file", 1 << 32))
    sys.stdout.buffer.flush()
    return 0


def _new_passphrase() -> str:
    """A new passphrase: asked for twice on a terminal, else what the environment refers to."""
    import os

    from tilth.encryption.keyfile import PASSPHRASE, PASSPHRASE_FD, passphrase

    if os.environ.get(PASSPHRASE) or os.environ.get(PASSPHRASE_FD):
        return passphrase()
    return str(click.prompt("new passphrase of the key file", hide_input=True, confirmation_prompt=True))
