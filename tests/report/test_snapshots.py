"""What people see, kept beside the tests so that a change of words shows in review.

`UPDATE_SNAPSHOTS=1 pytest tests/report/test_snapshots.py` writes them anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.samples import REPORTS
from tilth.aws.glue import to_glue_json
from tilth.report import Report
from tilth.report.html import to_html
from tilth.report.json import report_schema, to_json
from tilth.report.junit import to_junit
from tilth.report.markdown import to_markdown
from tilth.report.text import to_text

FOLDER = Path(__file__).with_name("snapshots")


def _schema(_: Report) -> str:
    import json

    return json.dumps(report_schema(), indent=2) + "\n"


SNAPSHOTS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "loans.txt": ("loans", lambda report: to_text(report, width=100, colour=False)),
    "narrow.txt": ("loans", lambda report: to_text(report, width=48, colour=False)),
    "many-rules.txt": ("many rules", lambda report: to_text(report, width=100, colour=False)),
    "loans.md": ("loans", to_markdown),
    "loans.xml": ("loans", to_junit),
    "loans-glue.json": ("loans", to_glue_json),
    "rules.json": ("rules", to_json),
    "rules.html": ("rules", to_html),
    "schema.json": ("empty", _schema),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_it_looks_as_it_did(name: str) -> None:
    report, render = SNAPSHOTS[name]
    text, place = render(REPORTS[report]), FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        place.write_text(text, "utf-8")
    assert text == place.read_text("utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {p.name for p in FOLDER.iterdir()} == set(SNAPSHOTS)
