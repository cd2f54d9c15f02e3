"""Write a report to a file: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tilth.errors import RequestError
from tilth.report.report import Report
from tilth.shelf import Shelf
from tilth.store.places import atomic
from tilth.store.uri import is_local

ENDINGS = {".html": "html", ".htm": "html", ".json": "json", ".xml": "junit", ".md": "markdown", ".txt": "text"}
Renderer: TypeAlias = Callable[[Report], str]
FORMATS: Shelf[Renderer] = Shelf(
    "report format",
    "report_formats",
    {
        "html": "tilth.report.html:to_html",
        "json": "tilth.report.json:to_json",
        "junit": "tilth.report.junit:to_junit",
        "markdown": "tilth.report.markdown:to_markdown",
        "text": "tilth.report.text:to_plain_text",
        "glue": "tilth.aws.glue:to_glue_json",
    },
)


def write_report(report: Report, place: str | Path, format: str | None = None) -> Path | str:  # noqa: A002 -- the word that verbs and the flow file use
    """Write a report in the format of the file's ending, or in the one that is named, and return where it stands.

    Endings: `.html`, `.json`, `.xml` (JUnit), `.md` and `.txt`; formats: `html`, `json`, `junit`, `markdown`, `text`, `glue`. Folders
    that are not there are made. A reader sees the old file or the new one, never half of one.

    Errors: `RequestError` for an ending or a format that is not known, or where a folder stands in the file's place; `MachineError` where
    the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(write_report(Report("check"), f"{folder}/report.md")).name
    'report.md'
    """
    text = FORMATS[report_format(place, format)](report)
    with atomic(place) as new:
        new.write_bytes(text.encode("utf-8", "replace"))
    return Path(place) if is_local(place) else place


def report_format(place: str | Path, asked: str | None = None) -> str:
    """The format of a report: the one that is asked for, else that of the place's ending.

    Errors: `RequestError` for an ending or a format that is not known, with those that are.

    >>> report_format("report.html"), report_format("report.html", "json")
    ('html', 'json')
    """
    path = Path(place)
    if asked is None:
        if found := ENDINGS.get(path.suffix.lower()):
            return found
        raise RequestError(
            f"the ending of {path.name!r} does not say which report to write",
            accepted=", ".join(ENDINGS),
            hint="or name the format",
            code="unknown-format",
        )
    FORMATS.find(asked)
    return asked


def refuse_unwritable(place: str | Path) -> None:
    """Refuse a place in which no report can stand, before what it would tell is found out.

    Errors: `RequestError` for an ending that is not known, and where a folder stands there.
    """
    report_format(place)
    if os.path.isdir(place):  # noqa: PTH112 -- Path.is_dir raises for a place in a closed folder
        raise RequestError(f"{place} is a folder: a report cannot take its place", hint="give the name of a file in it", code="is-folder")
