"""Write a report to a file, atomically."""

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

SUFFIXES = {".html": "html", ".htm": "html", ".json": "json", ".xml": "junit", ".md": "markdown", ".txt": "text"}
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
    """Write a report in the given format, by default that of the file's suffix, and return its path.

    Suffixes: `.html`, `.json`, `.xml` (JUnit), `.md` and `.txt`; formats: `html`, `json`, `junit`, `markdown`, `text`, `glue`. Missing
    folders are created. The write is atomic.

    Errors: `RequestError` for an unknown suffix or format, or if the path is a folder; `MachineError` if the file cannot be
    written.

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
    """The format of a report: the given one, by default that of the suffix.

    Errors: `RequestError` for an unknown suffix or format, with the known ones.

    >>> report_format("report.html"), report_format("report.html", "json")
    ('html', 'json')
    """
    path = Path(place)
    if asked is None:
        if found := SUFFIXES.get(path.suffix.lower()):
            return found
        message = f"the suffix of {path.name!r} is not that of a report format"
        raise RequestError(message, accepted=", ".join(SUFFIXES), hint="or give the format", code="unknown-format")
    FORMATS.find(asked)
    return asked


def reject_unwritable(place: str | Path) -> None:
    """Reject a place where a report cannot be written, before any work is done.

    Errors: `RequestError` for an unknown suffix, and if the place is a folder.
    """
    report_format(place)
    if os.path.isdir(place):  # noqa: PTH112 -- Path.is_dir raises for a place in a closed folder
        message = f"{place} is a folder: it cannot be replaced by a report"
        raise RequestError(message, hint="give the name of a file in it", code="is-folder")
