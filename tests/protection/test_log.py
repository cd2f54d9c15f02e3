"""The log has a line for each act, and no act is done without one."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from tilth.errors import MachineError
from tilth.protection.log import note


def test_lines_are_added_and_a_log_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "protect" / "log.jsonl"
    note(log, "reveal", purpose="Äpfel")

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    note(log, "shred")
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [(x["act"], x.get("purpose")) for x in lines] == [("reveal", "Äpfel"), ("shred", None)]
    assert lines[1]["by"].startswith("user ") and log.stat().st_mode & 0o777 == 0o600
    with pytest.raises(MachineError, match="nothing was done"):
        note(log / "log.jsonl", "shred")
