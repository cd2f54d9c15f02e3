"""The pages run: Python blocks and `>>>` examples as they stand, console blocks with `tilth` and what it should print.

A page is one namespace in an empty folder, from top to bottom. A block after `<!-- skip: next -->` is only shown. `$ tilth serve … &` is
a server until the page ends, at a free port instead of 8080, which `$ curl` asks.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import cast

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.house.tree import ROOT
from tests.servers import answered, free_port
from tilth.cli.app import run

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n<!-- end -->", re.DOTALL)
FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE


ENVIRON = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "COLUMNS": "120"}


def run_console(example: Example) -> None:
    """Runs each `$ tilth …` and `$ curl …` line and compares what it prints, words and results together; other commands are only shown."""
    servers = example.namespace.setdefault("_servers", {})
    for command, _, expected in (part.partition("\n") for part in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]):
        words = shlex.split(command.replace("8080", str(servers.get("port", 8080))))
        if words[0] == "tilth" and words[-1] == "&":
            servers["port"] = free_port()
            words = ["-m", *shlex.split(command.replace("8080", str(servers["port"])))[:-1]]
            servers["process"] = subprocess.Popen([sys.executable, *words], env=ENVIRON, stderr=subprocess.DEVNULL)
            answered(f"http://127.0.0.1:{servers['port']}/ping")
        elif words[0] == "curl" and not shutil.which("curl"):
            pytest.skip("there is no curl")
        elif words[0] in ("tilth", "curl"):
            code, printed = called(words[1:]) if words[0] == "tilth" else asked(words)
            if expected.strip():
                assert OutputChecker().check_output(expected, f"{printed.rstrip()}\n", FLAGS), f"$ {command}\n{printed}"
            else:
                assert code in {0, 1}, f"$ {command}\n{printed}"


def called(words: list[str]) -> tuple[int, str]:
    """The exit code of a command and all that it prints; in this process, which has loaded what a new one would have to load."""
    screen = TextIOWrapper(BytesIO(), "utf-8", write_through=True)
    with redirect_stdout(screen), redirect_stderr(screen), warnings.catch_warnings():
        warnings.simplefilter("default")  # as Python has it for users
        code = run(words)
    return code, cast("BytesIO", screen.buffer).getvalue().decode("utf-8")


def asked(words: list[str]) -> tuple[int, str]:
    """The same of another program."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


PARSERS = [SkipParser(), PythonCodeBlockParser(doctest_optionflags=FLAGS), CodeBlockParser("console", run_console)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    document = Document.parse(str(page), *PARSERS)
    try:
        for example in document.examples():
            example.evaluate()
    finally:
        if "_servers" in document.namespace and (server := document.namespace["_servers"].get("process")):
            server.terminate()
            server.wait(60)


def test_pages_link_only_to_what_is_there() -> None:
    assert [(page, link) for page in PAGES for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_pages_show_files_as_they_are() -> None:
    assert [(page, path) for page in PAGES for path, shown in FILE.findall(page.read_text()) if (ROOT / path).read_text() != shown] == []


def test_decisions_are_numbered_without_gaps_and_say_their_number() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    assert [page.name[:4] for page in pages] == [f"{i:04}" for i in range(1, len(pages) + 1)]
    assert [page.name for page in pages if page.read_text().split(maxsplit=2)[1].rstrip(":") != page.name[:4]] == []
