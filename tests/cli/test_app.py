"""Commands are imported on demand, help needs no imports, errors become messages and exit codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location

import click
import pytest

from tests.cli.processes import Completed
from tests.house.tree import ROOT, python
from tilth import cli, errors
from tilth.cli import app
from tilth.secrets import hiding, resolve

Tilth = Callable[..., Completed]


HELP = cli.HELP.read_text("utf-8")


def test_the_help_lists_every_command() -> None:
    assert re.findall(r"^  (\w+) +[A-Z].*\.$", HELP.partition("Commands:")[2], re.MULTILINE) == list(app.COMMANDS)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_prints_the_stored_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        cli.main(words)
    assert (done.value.code, capsys.readouterr().out) == (0, HELP)


def test_help_with_other_arguments_is_the_same(tilth: Tilth) -> None:
    assert tilth("--help", "--help").out == HELP


def test_help_imports_next_to_nothing() -> None:
    done = python("-X", "importtime", "-m", "tilth", "--help")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "tilth" in line}
    assert imported <= {"tilth", "tilth.cli", "tilth.__main__"}


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_a_module_and_help(name: str, tilth: Tilth) -> None:
    command = import_module(app.DOORS.get(name, f"tilth.cli.commands.{name}")).command
    assert isinstance(command, click.Command)
    done = tilth(name, "--help")
    assert done.code == 0
    assert f"Usage: tilth {name}" in done.out
    assert all(getattr(p, "help", None) or isinstance(p, click.Argument) for p in command.params)


def test_there_is_no_file_without_a_command() -> None:
    held = {p.stem for p in (ROOT / "src/tilth/cli/commands").glob("*.py")} - {"__init__"}
    assert held == set(app.COMMANDS) - set(app.DOORS)


def test_running_one_command_imports_no_other() -> None:
    code = "import sys; from tilth.cli.app import run; run(['schema', '-h']); print(sorted(m for m in sys.modules if 'cli.commands.' in m))"
    assert python("-c", code).stdout.splitlines()[-1] == "['tilth.cli.commands.schema']"


def test_an_unknown_command_suggests_the_closest(tilth: Tilth) -> None:
    done = tilth("chekc")
    assert done.code == 2
    assert "there is no command 'chekc'; did you mean 'check'?" in done.err


EXITS: list[tuple[BaseException, int, str]] = [
    (errors.RequestError("no"), 2, "no"),
    (errors.MachineError("disk"), 3, "disk"),
    (errors.DataFailure("rules"), 1, "rules"),
    (errors.Gap("cannot"), 2, "cannot"),
    (errors.MissingExtra.named("spark", "Spark"), 2, 'pip install "tilth[spark]"'),
    (KeyboardInterrupt(), 130, "existing files are unchanged"),
    (click.Abort(), 130, "interrupted"),
    (MemoryError(), 3, "--memory-limit"),
    (OSError(28, "No space left on device", "out"), 3, "No space left on device: out"),
    (ModuleNotFoundError("No module named 'obstore.store'", name="obstore.store"), 2, "the package obstore is not installed"),
    (ImportError("x.so: failed to map segment from shared object"), 3, "a library cannot be loaded"),
    (ZeroDivisionError("division by zero"), 3, "internal error: ZeroDivisionError"),
]


@pytest.mark.parametrize(("error", "code", "words"), EXITS, ids=[type(e).__name__ for e, *_ in EXITS])
def test_an_error_becomes_a_message_and_an_exit_code(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.delenv(app.TRACEBACK, raising=False)
    monkeypatch.setattr(app.tilth, "main", fail)
    assert app.run(["run"]) == code
    out, err = capsys.readouterr()
    assert not out
    assert words in err
    assert "Traceback" not in err


def test_an_unexpected_exception_shows_its_traceback_on_request_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a-marker-password")

    monkeypatch.setattr(app.tilth, "main", fail)
    monkeypatch.setattr(hiding, "_known", {})
    monkeypatch.setenv(app.TRACEBACK, "1")
    monkeypatch.setenv("PGPASSWORD", "a-marker-password")
    resolve("env:PGPASSWORD")
    assert app.run([]) == 3
    err = capsys.readouterr().err.replace('raise ZeroDivisionError("<secret>")', "")  # the line of this file
    assert err.startswith("Traceback")
    assert "in fail" in err
    assert err.count("ZeroDivisionError: <secret>") == 2
    assert "marker" not in err


def test_the_page_shows_the_help_of_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_from_file_location("help", ROOT / "scripts/help.py")
    assert spec
    assert spec.loader
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    page = script.PAGE.read_text("utf-8")
    assert script.filled(page) == page, "run scripts/help.py"
