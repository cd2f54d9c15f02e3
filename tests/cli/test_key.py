"""Every command that reads or writes data takes a key, and those of serving and of other products' files read and write under it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pyarrow as pa
import pytest

import tilth as front
from tests.encrypted import MARK, Look, key, plaintext
from tests.serve.asking import ask
from tilth.cli.app import COMMANDS, run, tilth
from tilth.encryption.keyfile import SCRYPT, new_key_file
from tilth.flow import Flow
from tilth.protection.audit import audit
from tilth.serve.app import Server
from tilth.serve.capture import capture_of
from tilth.serve.pipeline import Pipeline
from tilth.store.places import atomic
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]

WITHOUT = {
    "protect key destroy": "it looks at what files say in plain",
    "protect key new": "it makes keys",
    "protect key rotate": "it makes keys",
    "protect key show": "it shows keys",
    "protect key wrap": "it makes keys",
    "protect shred": "it destroys the key of a data set, without any other",
    "convert": "it reads and writes rules and steps, not data",
    "lint": "it reads rules, not data",
    "fmt": "it reads and writes rules, not data",
    "schema": "it prints what Tilth knows",
}
FLOW = """
data: {roles: {id: no, label: paid, positive: yes, facet: job}}
split: {train: 0.8, test: 0.2}
features: [{select: [age, job]}, {impute: {columns: age, with: mean}}, {encode: {columns: job}}]
measure: [bias]
"""
JOBS, PAID = ["cook", MARK] * 30, ["yes", "no", "yes"] * 20
TABLE = pa.table({"no": range(60), "age": [20 + i % 30 for i in range(60)], "job": JOBS, "paid": PAID})
ASKED = b'{"age": 31, "job": "%s"}' % MARK.encode()
CLARIFY = {
    "dataset_type": "text/csv",
    "headers": TABLE.column_names,
    "label": "paid",
    "label_values_or_threshold": ["yes"],
    "facet": [{"name_or_index": "job", "value_or_threshold": ["cook"]}],
    "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}},
}


def commands(of: click.Group = tilth, above: str = "") -> Iterator[tuple[str, click.Command]]:
    for name in of.list_commands(click.Context(of)):
        command = of.get_command(click.Context(of), name)
        assert command is not None
        yield from commands(command, f"{above}{name} ") if isinstance(command, click.Group) else [(above + name, command)]


def test_every_command_takes_a_key_or_handles_no_data() -> None:
    assert {name for name, command in commands() if not any("--key" in p.opts for p in command.params)} == WITHOUT.keys()
    assert COMMANDS


@pytest.mark.slow
def test_commands_read_and_write_under_a_key(
    key: str, plaintext: Look, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with protected(key):
        front.run(Flow.parse(FLOW), "result", TABLE)
        front.write(front.read(TABLE.select(["age", "job"])), "asked.csv")
        pipeline = Pipeline.of("result/flow.tilth")
        captured = capture_of(pipeline, "log", "flow")
        server = Server(pipeline, captured=captured)
        asked = ask(server, "POST", "/invocations", ASKED, {"content-type": "application/json"})
        captured.close()
    assert asked.status == 200
    assert run(["batch", "result/flow.tilth", "asked.csv", "-o", "answers", "--key", key]) == 0
    assert run(["replay", "log", "result/flow.tilth", "--key", key]) == 0
    assert run(["card", "result", "-o", "card", "--key", key]) == 0
    with protected(key):
        front.write(front.read(TABLE), "people.csv")
    assert run(["init", "people.csv", "-o", "draft.yaml", "--key", key]) == 0
    Path("job.json").write_text(json.dumps(CLARIFY))
    assert run(["measure", "people.csv", "--config", "job.json", "-o", "clarify", "--key", key]) == 0
    assert run(["compare", "clarify/analysis.json", "clarify/analysis.json", "--key", key]) == 0
    said = capfd.readouterr()
    assert "60 records of 1 of 1 files answered" in said.err and "model_card.json.sealed" in said.err
    assert run(["serve", "result/flow.tilth", "--export", "container", "--key", key]) == 2
    assert run(["batch", "result/flow.tilth", "asked.csv", "-o", "more"]) == 2  # without the key
    assert not plaintext() and not Path("more").exists()
    for folder in ("result", "log", "answers", "card", "clarify"):
        found = audit(Path(folder))
        assert found.encrypted and not found.plaintext, folder


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def swapped(folder: Path) -> None:
    one, other = (folder / "data" / "two" / f"{name}.csv.sealed" for name in ("a", "b"))
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)


def exchanged(folder: Path) -> None:
    one, other, kept = (folder / "data" / name for name in ("one", "two", "kept"))
    one.rename(kept)
    other.rename(one)
    kept.rename(other)


def copied(folder: Path) -> None:
    shutil.copy(folder / "data" / "two" / "a.csv.sealed", folder / "data" / "two" / "c.csv.sealed")


def edited(folder: Path) -> None:
    rewritten(folder / "data" / "_tilth" / "manifest.json.sealed", lambda held: held[:-30] + bytes(30))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "wrong-key": (lambda d: new_key_file(d / "tilth.key"), "data: it was encrypted under the key"),
    "wrong-passphrase": (lambda d: new_key_file(d / "tilth.key", "another phrase"), "the passphrase does not match the key"),
    "key-permissions": (lambda d: (d / "other.key").rename(d / "tilth.key").chmod(0o640), "can be used by others: its mode is 0640"),
    "truncated-file": (lambda d: rewritten(d / "data/two/a.csv.sealed", lambda held: held[:-40]), "two/a.csv.sealed is truncated"),
    "swapped-file": (swapped, "is not the file that was written here"),
    "swapped-folder": (exchanged, "has the files that were written to"),
    "changed-manifest": (edited, "was changed, or is that of another data set"),
    "extra-file": (copied, "c.csv.sealed is not of this data set"),
}


@pytest.mark.parametrize("code", BAD)
def test_bad_input_is_an_error_of_its_own_and_leaves_nothing(
    code: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCRYPT, "n", 16)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    for name in ("tmp", "rules"):
        (tmp_path / name).mkdir()
    new_key_file(tmp_path / "tilth.key")
    (tmp_path / "passphrase").touch(0o600)
    (tmp_path / "passphrase").write_text("a phrase")
    monkeypatch.setenv("TILTH_PASSPHRASE", f"file:{tmp_path / 'passphrase'}")
    with protected(f"file:{tmp_path / 'tilth.key'}"), atomic(tmp_path / "data", folder=True) as folder:
        for name in ("one/a", "one/b", "two/a", "two/b"):
            front.write(front.read(TABLE), folder / f"{name}.csv")
    (tmp_path / "tilth.key").rename(tmp_path / "other.key")
    change, words = BAD[code]
    if code not in ("wrong-key", "wrong-passphrase", "key-permissions"):
        (tmp_path / "other.key").rename(tmp_path / "tilth.key")
    change(tmp_path)
    (tmp_path / "flow.yaml").write_text("features: [{scale: age}]\ndeliver: {to: out/}\n")
    asked = ["fit", str(tmp_path / "flow.yaml"), str(tmp_path / "data"), "-o", str(tmp_path / "out" / "flow.tilth")]
    assert run([*asked, "--key", f"file:{tmp_path / 'tilth.key'}"]) == 2
    said = capfd.readouterr()
    first, *hints = said.err.strip().split("\n")
    assert words in first and first.endswith(f"[{code}]") and hints and not said.out and MARK not in said.err
    assert not (tmp_path / "out").exists() and not [p for p in (tmp_path / "tmp").rglob("*") if p.is_file() and p.stat().st_size]
