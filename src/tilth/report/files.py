"""Write a report to a file: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tilth.atomic import whole_file
from tilth.errors import RequestError, did_you_mean
from tilth.report.report import Report

ENDINGS = {".html": "html", ".htm": "html", ".json": "json", ".xml": "junit", ".md": "markdown", ".txt": "text"}
FORMATS = ("html", "json", "junit", "markdown", "text", "glue")


def write_report(report: Report, place: str | Path, format: str | None = None) -> Path:  # noqa: A002 -- the word that verbs and the flow file use
    """Write a report in the format of the file's ending, or in the one that is named, and return where it stands.

    Endings: `.html`, `.json`, `.xml` (JUnit), `.md` and `.txt`; formats: `html`, `json`, `junit`, `markdown`, `text`, `glue`. Folders
    that are not there are made. A reader sees the old file or the new one, never half of one.

    Errors: `RequestError` for an ending or a format that is not known, or where a folder stands in the file's place; `MachineError` where
    the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(Report("check"), f"{folder}/report.md").name
    'report.md'
    """
    path = Path(place)
    text = _renderer(report_format(path, format))(report)
    with whole_file(path) as new:
        new.write_bytes(text.encode("utf-8", "replace"))
    return path


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
    if asked not in FORMATS:
        raise RequestError(
            f"there is no report format {asked!r}", accepted=", ".join(FORMATS), hint=did_you_mean(asked, FORMATS), code="unknown-format"
        )
    return asked


def refuse_unwritable(place: str | Path) -> None:
    """Refuse a place in which no report can stand, before what it would tell is found out.

    Errors: `RequestError` for an ending that is not known, and where a folder stands there.
    """
    report_format(place)
    if os.path.isdir(place):  # noqa: PTH112 -- Path.is_dir raises for a place in a closed folder
        raise RequestError(f"{place} is a folder: a report cannot take its place", hint="give the name of a file in it", code="is-folder")


def _renderer(format_: str) -> Callable[[Report], str]:
    """Each format loads its own libraries, and only when it is asked for."""
    match format_:
        case "html":
            from tilth.report.html import to_html as render
        case "json":
            from tilth.report.json import to_json as render
        case "junit":
            from tilth.report.junit import to_junit as render
        case "markdown":
            from tilth.report.markdown import to_markdown as render
        case "glue":
            from tilth.report.glue import to_glue_json as render
        case _:
            return _plain
    return render


def _plain(report: Report) -> str:
    """Text for a file: no colours, and a width that does not depend on the terminal at hand."""
    from tilth.report.text import WIDTH, to_text

    return to_text(report, width=WIDTH, colour=False)
