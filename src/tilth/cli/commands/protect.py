"""tilth protect."""

from __future__ import annotations

import json as json_
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tilth.cli.keys import key
from tilth.options import (
    ALLOW_PYTHON,
    AS_JSON,
    ENGINE,
    INPUT,
    KEY,
    NAMES,
    OUTPUT,
    OUTPUTS,
    READING,
    engine_from,
    keeping_key,
    reading_from,
    say,
    shared,
    show,
)

if TYPE_CHECKING:
    from tilth.protection.canary import Canary


@click.group()
def command() -> None:
    """Manage encryption keys, and the data encrypted with them."""


command.add_command(key)


@command.command()
@click.argument("folder", type=INPUT, metavar="FOLDER")
@click.option("--to", metavar="KEY", help="The reference of another key, such as aws-kms:alias/tilth.  [default: --key]")
@click.option("--deep", is_flag=True, help="Encrypt every file again with a new key, if the key of the data set may be compromised.")
@shared(*KEY)
def rewrap(folder: str, to: str | None, deep: bool) -> int:
    """Wrap the key of the data set FOLDER with the active key of --key, after a rotation, or with another key. The data does not change,
    unless you give --deep.
    """
    from tilth.encryption.keys import key_of
    from tilth.protection.keys import renew
    from tilth.protection.keys import rewrap as rewrapped
    from tilth.store.protection import key_for

    if deep and to:
        raise click.UsageError("--deep uses --key: run with --to first, then with --deep and the new key")
    root = key_for(folder)
    before, after = renew(Path(folder)) if deep else rewrapped(Path(folder), root, key_of(to) if to else None)
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
@click.argument("data", type=INPUT, metavar="DATA")
@click.option(
    "--flow",
    type=INPUT,
    required=True,
    metavar="FLOW",
    help="The flow with the steps `redact` that hid the values; preferably the fitted flow.",
)
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="OUT", help="Where to write the table: a file, or a folder of Parquet.")
@click.option("--purpose", required=True, metavar="WORDS", help="Why the values are revealed; this is recorded in the log.")
@click.option("--columns", type=NAMES, default=(), metavar="A,B,…", help="The columns to reveal. Default: all that can be.")
@shared(*READING)
@shared(*ENGINE)
def reveal(data: str, flow: str, out: str, purpose: str, columns: tuple[str, ...], **options: Any) -> int:
    """Restore the values in DATA that FLOW replaced by tokens or format-preserving values. Needs the key.

    The purpose, the columns and the numbers of values are first recorded in protect/log.jsonl.
    """
    from tilth import verbs
    from tilth.protection.log import LOG
    from tilth.protection.revealing import revealed
    from tilth.store.local import reject_own_input

    reject_own_input(out, [data, flow])
    engine, reading = engine_from(options), reading_from(options)
    table, values = revealed(verbs.read(data, engine=engine, **reading), verbs.flow_from(flow), purpose, engine, columns)
    written = verbs.write(table, out, engine=engine)
    say(*(f"{column}: {n:,} values" for column, n in values.items()), f"written to {written}, and noted in {LOG}")
    return 0


@command.command()
@click.argument("data", type=INPUT, metavar="DATA")
@click.option(
    "--quasi", type=NAMES, required=True, metavar="A,B,…", help="The quasi-identifiers: columns that others may know about a person."
)
@click.option("--sensitive", type=NAMES, default=(), metavar="A,B,…", help="The columns that must stay unknown.")
@click.option("--k", type=int, default=5, show_default=True, metavar="ROWS", help="The minimum number of rows in a class.")
@OUTPUTS
@AS_JSON
@shared(*READING)
@shared(*ENGINE)
def risk(
    data: str, quasi: tuple[str, ...], sensitive: tuple[str, ...], k: int, outputs: tuple[str, ...], json: bool, **options: Any
) -> int:
    """Measure how easily people can be identified in DATA from what others may know: k-anonymity, l-diversity, t-closeness, and remedies.

    Exit code 1 if a class (rows with equal values in all columns of --quasi) has fewer than --k rows.
    """
    from tilth import verbs
    from tilth.measures.disclosure.measure import DisclosureRisk
    from tilth.report.files import Outputs

    files = Outputs(outputs)
    engine, reading = engine_from(options), reading_from(options)
    report = verbs.measure(verbs.read(data, engine=engine, **reading), DisclosureRisk(quasi, sensitive, k), engine=engine)
    files.write(report)
    show(report, json)
    return 1 if any(finding.payload.rows_below for finding in report.findings) else 0


@command.command()
@click.argument("folder", type=INPUT, metavar="FOLDER")
@click.option("--json", is_flag=True, help="Print JSON.")
@click.option(
    "--canary", type=INPUT, metavar="FLOW", help="Run a flow file on its first rows with markers in them, and look for the markers."
)
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", help="The engine of the canary.", show_default=True)
@shared(ALLOW_PYTHON, *KEY)
def verify(folder: str, json: bool, canary: str | None, engine: str) -> int:
    """Look for unencrypted files in FOLDER or under an s3:// prefix, and with --key for data that was changed.

    With --canary, a flow also runs with its key three times (to its end, killed, and in little memory), on a copy of its first rows with a
    random string in its texts and a random number in its numbers. Neither marker may then be in any file: in results, reports, logs,
    temporary files, or files changed during the runs in FOLDER and next to the flow. The result names what encryption does not cover on
    this machine.

    Exit code 1 if a file is not encrypted, or holds a marker.
    """
    from dataclasses import asdict

    from tilth import verbs
    from tilth.protection.audit import audit, reject_changed
    from tilth.protection.environment import environment
    from tilth.store.places import named, store_of
    from tilth.store.protection import in_force
    from tilth.store.uri import scheme_of

    if canary:
        keeping_key(verbs.flow_from(canary))
    held = store_of(folder).everything(folder, whole=in_force() is not None)
    root, here, reference = Path(held.path), scheme_of(folder) == "file", ""
    with named(held):
        found = audit(root)
        if protection := in_force():
            reference = protection.key.reference
            reject_changed(root, protection.key)
    ran, noted = _canary(canary, [root] if here else [], engine) if canary else None, environment(root if here else None, reference)
    if json:
        content = found.to_json() | {"environment": [asdict(note) for note in noted]} | ({"canary": asdict(ran)} if ran else {})
        click.echo(json_.dumps(content, indent=1))
    else:
        for line in (*(f"{plain.path}: {plain.why}" for plain in found.plaintext), *(map(str, ran.hits) if ran else ())):
            click.echo(line)
        say(*map(str, found.keys), *(f"{note.what}: {note.remedy}" for note in noted))
        say(*found.words())
        say(*(ran.words() if ran else ()))
    return 0 if not found.plaintext and (ran is None or ran.passed) else 1


def _canary(flow: str, folders: list[Path], engine: str) -> Canary:
    from tilth.protection.canary import canary

    return canary(flow, folders, engine)


@command.command("open")
@click.argument("file", type=INPUT, metavar="FILE")
@shared(*KEY)
def open_(file: str) -> int:
    """Decrypt the encrypted FILE, such as a report, with --key, and print it."""
    from tilth.encryption.dataset import unsealed_alone
    from tilth.encryption.magic import SEALED, head_of
    from tilth.encryption.sealed import SUFFIX
    from tilth.store.documents import bytes_of
    from tilth.store.protection import key_for

    sys.stdout.flush()
    if (
        not file.endswith(SUFFIX) and Path(file).is_file() and head_of(Path(file)).startswith(SEALED)
    ):  # saved in Jupyter, under its own name
        with unsealed_alone(key_for(file), Path(file).open("rb"), Path(file).name, file) as held:
            shutil.copyfileobj(held, sys.stdout.buffer)
    else:
        sys.stdout.buffer.write(bytes_of(file, "file", 1 << 32))
    sys.stdout.buffer.flush()
    return 0
