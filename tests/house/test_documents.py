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
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.house.tree import ROOT
from tests.servers import answered, free_port

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
            called = [sys.executable, "-m", *words] if words[0] == "tilth" else words
            done = subprocess.run(called, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if expected.strip():
                assert OutputChecker().check_output(expected, f"{done.stdout.rstrip()}\n", FLAGS), f"$ {command}\n{done.stdout}"
            else:
                assert done.returncode in {0, 1}, f"$ {command}\n{done.stdout}"


PARSERS = [SkipParser(), PythonCodeBlockParser(doctest_optionflags=FLAGS), CodeBlockParser("console", run_console)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = Document.parse(str(page), *PARSERS)
    try:
        for example in document.examples():
            example.evaluate()
    finally:
        if "_servers" in document.namespace and (server := document.namespace["_servers"].get("process")):
            server.terminate()
            server.wait(60)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    assert not [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_files_as_they_are(page: Path) -> None:
    assert [path for path, shown in FILE.findall(page.read_text()) if (ROOT / path).read_text() != shown] == []
