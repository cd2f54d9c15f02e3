"""What no file may hold: paths of one machine, hosts of package registries, a lock file with addresses, unfinished work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, sources, texts

FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.\-*}])/(?:work|root|home/\w+|Users/\w+|opt/wheels|opt/pypi)(?:/|\b)"),
    "a package registry's host": re.compile(r"\b(?:files\.pythonhosted|pypi|test\.pypi|registry\.npmjs|repo1?\.maven)\.(?:org|apache)"),
}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in texts()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found, "\n".join([what, *found])


def test_nothing_is_unfinished() -> None:
    found = [str(path.relative_to(ROOT)) for path in sources(PACKAGE) if UNFINISHED.search(path.read_text())]
    assert not found


def test_there_is_no_lock_file() -> None:
    assert not (ROOT / "uv.lock").exists(), "it names the registry of whoever made it; constraints.txt holds the versions"
