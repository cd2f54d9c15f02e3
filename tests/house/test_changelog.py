"""The notes in `changelog.d/` join into a section, and a release moves them into the changelog."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

import tilth
from tests.house.tree import ROOT


@pytest.fixture
def changelog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, let loose on a project of two notes."""
    spec = importlib.util.spec_from_file_location("changelog", ROOT / "scripts" / "changelog.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    notes = tmp_path / "changelog.d"
    notes.mkdir()
    (notes / "b.fixed.md").write_text("A thing is mended.\n")
    (notes / "a.added.md").write_text("A thing is there,\nin two lines.\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\nWords.\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n")
    monkeypatch.setattr(script, "NOTES", notes)
    monkeypatch.setattr(script, "CHANGELOG", tmp_path / "CHANGELOG.md")
    return script


def test_notes_join_by_kind(changelog: ModuleType) -> None:
    assert changelog.section("Next") == (
        "## Next\n\n### Added\n\n- A thing is there,\n  in two lines.\n\n### Fixed\n\n- A thing is mended.\n"
    )


def test_a_release_stands_above_the_last_one(changelog: ModuleType, tmp_path: Path) -> None:
    changelog.release("0.2.0")
    written = (tmp_path / "CHANGELOG.md").read_text()
    assert re.findall(r"^#+ ([\w.]+)", written, re.MULTILINE) == ["Changelog", "0.2.0", "Added", "Fixed", "0.1.0"]
    assert "mended.\n\n## 0.1.0" in written
    assert not list((tmp_path / "changelog.d").iterdir())


def test_every_note_says_its_kind() -> None:
    assert [
        path.name
        for path in (ROOT / "changelog.d").iterdir()
        if not re.fullmatch(r"README\.md|[\w-]+\.(added|changed|fixed|removed)\.md", path.name)
    ] == []


def test_the_version_is_no_older_than_the_last_release() -> None:
    released = re.search(r"^## ([\d.]+) ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if released:
        assert Version(tilth.__version__) >= Version(released[1])
