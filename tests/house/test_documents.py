"""The pages run: Python blocks and `>>>` examples as they stand, console blocks with `tilth` and what it should print.

A page is one namespace in an empty folder, from top to bottom. A block after `<!-- skip: next -->` is only shown.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.house.tree import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n<!-- end -->", re.DOTALL)
FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE


def run_console(example: Example) -> None:
    """Runs each `$ tilth …` line and compares what it prints, words and results together; other commands are only shown."""
    for command, _, expected in (part.partition("\n") for part in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]):
        words = shlex.split(command)
        if words[0] != "tilth":
            continue
        environ = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "COLUMNS": "120"}
        done = subprocess.run([sys.executable, "-m", *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if expected.strip():
            assert OutputChecker().check_output(expected, done.stdout, FLAGS), f"$ {command}\n{done.stdout}"
        else:
            assert done.returncode in {0, 1}, f"$ {command}\n{done.stdout}"


PARSERS = [SkipParser(), PythonCodeBlockParser(doctest_optionflags=FLAGS), CodeBlockParser("console", run_console)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = Document.parse(str(page), *PARSERS)
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    assert not [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_files_as_they_are(page: Path) -> None:
    assert [path for path, shown in FILE.findall(page.read_text()) if (ROOT / path).read_text() != shown] == []
