"""No command that takes a secret, a key or a passphrase shows it, whether it is given as such, or is wrong where its reference says."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.test_key import commands
from tests.cli.test_secrets import MARKER, WRONG, assert_hidden, database, places, server, watched

__all__ = ["database", "places", "server", "watched"]
pytestmark = pytest.mark.slow

FLOW = 'data: {read: "{pg}&table=shown"}\nfeatures: [{scale: x}]\n'
RULES = 'Rules = [ IsComplete "id" ]'
PLAN = "export:\n  source: {pg}&table=shown\n"
ARGUMENTS = {
    "run": "f.yaml -o out",
    "check": "{db} rules.dqdl",
    "history": "history.db",
    "profile": "{db}",
    "scan": "{db}",
    "measure": "{db} -o out",
    "compare": "a.json a.json",
    "card": "a -o out",
    "fit": "f.yaml {db} -o out/f.tilth",
    "apply": "f.tilth {db} -o out",
    "serve": "f.tilth",
    "batch": "f.tilth a.parquet -o out",
    "replay": "a f.tilth",
    "train": "train.py --channel train=a.parquet -o out",
    "protect open": "a.json.sealed",
    "protect reveal": "{db} --flow f.yaml --purpose none -o out.parquet",
    "protect rewrap": "a",
    "protect risk": "{db} --quasi id",
    "protect verify": "a",
    "plan": "f.yaml",
    "export": "{db} -o out",
    "init": "{db}",
    "recommend": "{db}",
    "test": "f.yaml",
    "demo": "-o out",
}
KEYS = {
    "a literal": MARKER,
    "no 32 bytes": "env:KEY",
    "no key file": "file:marked.key",
    "a command that fails": "command:sh fails",
}
OPTIONS = {name: {o for p in command.params for o in p.opts} for name, command in commands()}


def asked(name: str, places: dict[str, str], *more: str) -> list[str]:
    words = ARGUMENTS[name].replace("{db}", f"{places['pg']}&table=shown").split(" ")
    return [*name.split(), *words, *(["--json"] if "--json" in OPTIONS[name] else []), *more]


@pytest.fixture
def folder(places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The inputs of the commands."""
    inputs = tmp_path / "inputs"
    (inputs / "a").mkdir(parents=True)
    monkeypatch.chdir(inputs)
    for file, text in {"f.yaml": FLOW, "rules.dqdl": RULES, "p.yaml": PLAN, "a.json": "{}", "train.py": "", "a/a.csv": "id\n1\n"}.items():
        Path(file).write_text(text.replace("{pg}", places["pg"]))
    pq.write_table(pa.table({"id": [1], "x": [1.5]}), "a.parquet")
    Path("marked.key").write_text(MARKER)
    Path("marked.key").chmod(0o600)
    Path("fails").write_text(f"echo '{MARKER}'; echo '{MARKER}' >&2; exit 3")
    monkeypatch.setenv("KEY", MARKER)
    monkeypatch.setenv("SECRET", WRONG)
    return inputs


def look(folder: Path, since: set[Path]) -> None:
    for path in {p for p in folder.rglob("*") if p.is_file()} - since:
        assert_hidden(path.read_bytes().decode("latin-1"))


@pytest.mark.parametrize("name", [name for name in OPTIONS if {"--secret", "--key"} & OPTIONS[name]])
def test_no_command_shows_a_secret(name: str, places: dict[str, str], folder: Path, watched) -> None:
    before = {p for p in folder.rglob("*") if p.is_file()}
    for what, key in KEYS.items() if "--key" in OPTIONS[name] else ():
        code, said = watched(*asked(name, places, "--key", key))
        assert_hidden(said)
        assert code in (2, 3), (what, said[-2000:])
    for secret in (MARKER, "env:SECRET", "command:sh fails") if "--secret" in OPTIONS[name] else ():
        code, said = watched(*asked(name, places, "--secret", secret))
        assert_hidden(said)
        assert code in (2, 3), said[-2000:]
    look(folder, before)


@pytest.mark.parametrize("name", [name for name in OPTIONS if "--passphrase" in OPTIONS[name]])
def test_no_command_shows_a_passphrase(name: str, folder: Path, watched, monkeypatch: pytest.MonkeyPatch) -> None:
    for passphrase in (MARKER, "env:NONE"):
        monkeypatch.setenv("TILTH_PASSPHRASE", passphrase)
        code, said = watched(*name.split(), "new.key", "--passphrase")
        assert_hidden(said)
        assert code == 2, said[-2000:]
    monkeypatch.setenv("TILTH_PASSPHRASE", "env:KEY")
    code, said = watched("protect", "key", "new", "new.key", "--passphrase")
    assert_hidden(said + Path("new.key").read_text())
    assert (code, b64encode(MARKER.encode()).decode() in said) == (0, False)
