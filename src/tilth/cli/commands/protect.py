"""tilth protect."""

from __future__ import annotations

import json as json_
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tilth.options import ALLOW_PYTHON, INPUT, KEY, OUTPUT, keeping_key, say, shared

if TYPE_CHECKING:
    from tilth.protection.canary import Canary


@click.group()
def command() -> None:
    """Make and rotate keys, and keep what is written encrypted under them."""


@command.group()
def key() -> None:
    """Make, rotate and show the keys of a key file."""


PASSPHRASE = click.option("--passphrase", is_flag=True, help="Encrypt the key under a passphrase, which is asked for.")
UNDER = "Another key, by which it is wrapped, such as aws-kms:alias/tilth."


@key.command()
@click.argument("file", type=OUTPUT, metavar="FILE")
@PASSPHRASE
@click.option("--under", metavar="KEY", help=UNDER)
def new(file: str, passphrase: bool, under: str | None) -> int:
    """Make FILE with one key, readable by you alone. The key itself is never printed."""
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
@click.option("--under", metavar="KEY", required=True, help=UNDER)
def wrap(file: str, under: str) -> int:
    """Wrap the keys in FILE by another key. They stay the same, so what they encrypted stays readable."""
    from tilth.encryption.keyfile import KeyFile
    from tilth.encryption.keys import key_of

    KeyFile(Path(file).expanduser()).wrapped(key_of(under))
    say(f"the keys in {file} are wrapped by {under}. Copies from before are not: remove them.")
    return 0


@key.command()
@click.argument("file", type=INPUT, metavar="FILE")
@click.option("--json", is_flag=True, help="Print JSON.")
def show(file: str, json: bool) -> int:
    """Show the ids, states and dates of the keys in FILE, and no key."""
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


@command.command()
@click.argument("folder", type=INPUT, metavar="FOLDER")
@click.option("--to", metavar="KEY", help="The reference of another key, such as aws-kms:alias/tilth.  [default: --key]")
@shared(*KEY)
def rewrap(folder: str, to: str | None) -> int:
    """Wrap the key of the data set FOLDER under the active key of --key, after a rotation, or under another key. No data is touched."""
    from tilth.encryption.keys import key_of
    from tilth.protection.keys import rewrap as rewrapped
    from tilth.store.protection import key_for

    before, after = rewrapped(Path(folder), key_for(folder), key_of(to) if to else None)
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
@click.option("--canary", type=INPUT, metavar="FLOW", help="Run a flow file on its first rows with markers in them, and look for those.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", help="The engine of the canary.", show_default=True)
@shared(ALLOW_PYTHON, *KEY)
def verify(folder: str, json: bool, canary: str | None, engine: str) -> int:
    """Look for files in FOLDER that are not encrypted, and with --key for data that is not what was written.

    With --canary a flow also runs under its key, to its end, killed, and in little memory, on a copy of its first rows with a random
    string in its texts and a random number in its numbers. Then neither may be in any file: in results, reports, logs, temporary files,
    or what changed meanwhile in FOLDER and beside the flow. What encryption does not cover on this machine is noted.

    Exit code 1 if a file is not encrypted, or holds a marker.
    """
    from dataclasses import asdict

    from tilth import verbs
    from tilth.protection.audit import audit
    from tilth.protection.environment import environment
    from tilth.store.protection import in_force
    from tilth.store.unsealed import verified

    if canary:
        keeping_key(verbs.flow_from(canary))
    found, reference = audit(Path(folder)), ""
    if protection := in_force():
        reference = protection.key.reference
        for keys in sorted(Path(folder).rglob("_tilth/keys.json")):
            verified(protection.key, keys.parents[1])
    ran, noted = _canary(canary, folder, engine) if canary else None, environment(Path(folder), reference)
    if json:
        content = found.to_json() | {"environment": [asdict(note) for note in noted]} | ({"canary": asdict(ran)} if ran else {})
        click.echo(json_.dumps(content, indent=1))
    else:
        for line in (*(f"{plain.path}: {plain.why}" for plain in found.plaintext), *(map(str, ran.hits) if ran else ())):
            click.echo(line)
        say(*(f"{note.what}: {note.remedy}" for note in noted))
        say(f"{found.encrypted:,} of {found.checked_files:,} files are encrypted, {len(found.plaintext):,} should be and are not")
        say(*(ran.words() if ran else ()))
    return 0 if not found.plaintext and (ran is None or ran.passed) else 1


def _canary(flow: str, folder: str, engine: str) -> Canary:
    from tilth.protection.canary import canary

    return canary(flow, [Path(folder)], engine)


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
