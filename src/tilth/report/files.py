"""Write a report to a file, atomically."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from tilth.errors import RequestError, unknown
from tilth.report.report import Report
from tilth.shelf import Shelf
from tilth.store.places import atomic
from tilth.store.uri import is_local

SUFFIXES = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".pdf": "pdf",
    ".ipynb": "notebook",
    ".xml": "junit",
    ".md": "markdown",
    ".txt": "text",
    ".sarif": "sarif",
}
Renderer: TypeAlias = Callable[[Report], str | bytes]
FORMATS: Shelf[Renderer] = Shelf(
    "report format",
    "report_formats",
    {
        "html": "tilth.report.html:to_html",
        "json": "tilth.report.json:to_json",
        "pdf": "tilth.report.pdf:to_pdf",
        "notebook": "tilth.report.notebook:to_notebook",
        "junit": "tilth.report.junit:to_junit",
        "markdown": "tilth.report.markdown:to_markdown",
        "text": "tilth.report.text:to_plain_text",
        "sarif": "tilth.report.sarif:to_sarif",
        "glue": "tilth.aws.glue:to_glue_json",
        "glue_lines": "tilth.aws.glue:to_glue_lines",
        "glue_event": "tilth.aws.glue:to_glue_event",
    },
)


def write_report(report: Report, place: str | Path, format: str | None = None) -> Path | str:
    """Write a report in the given format, by default that of the file's suffix, and return its path.

    Suffixes: `.html`, `.pdf`, `.ipynb`, `.md`, `.txt`, `.json`, `.xml` (JUnit) and `.sarif`; formats: `html`, `pdf`, `notebook`,
    `markdown`, `text`, `json`, `junit`, `sarif`, and those of Glue: `glue`, `glue_lines`, `glue_event`. Missing folders are created. The
    write is atomic.

    Errors: `RequestError` for an unknown suffix or format, or if the path is a folder; `MissingExtra` for a PDF without the extra `pdf`;
    `MachineError` if the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(write_report(Report("check"), f"{folder}/report.md")).name
    'report.md'
    """
    made = FORMATS[report_format(place, format)](report)
    with atomic(place, kind="report") as new:
        new.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8", "replace"))
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


class Outputs:
    """The report files of a command, as named on its command line: `FILE`, or `FORMAT=FILE`.

    Errors, before any work is done: `RequestError` for an unknown suffix, a folder, and two reports for one file; `MissingExtra` for a
    format that needs an extra.

    >>> Outputs(["report.html", "glue=result.json"]).formats
    {'report.html': 'html', 'result.json': 'glue'}
    """

    def __init__(self, named: Iterable[str]) -> None:
        self.formats: dict[str, str] = {}
        for text in named:
            asked, equals, place = text.partition("=")
            asked, place = (asked, place) if equals and place and asked in FORMATS else ("", text)
            if place in self.formats:
                raise RequestError(
                    f"two reports cannot be written to the same file, {place}", hint="give each its own file", code="same-place"
                )
            self.formats[place] = report_format(place, asked or None)
            FORMATS[self.formats[place]]
            _reject_folder(place)

    def write(self, report: Report) -> None:
        """Write the report to all of them."""
        for place, form in self.formats.items():
            write_report(report, place, form)


def _reject_folder(place: str | Path) -> None:
    if os.path.isdir(place):  # noqa: PTH112 -- Path.is_dir raises in a folder without access
        message = f"{place} is a folder: it cannot be replaced by a report"
        raise RequestError(message, hint="give the name of a file in it", code="is-folder")


def report_names(suffixes: Iterable[str] | None = None, name: str = "report") -> tuple[str, ...]:
    """The names of the report files in a folder: those with the requested suffixes, by default HTML; and always JSON, for programs.

    Errors: `RequestError` with every unknown suffix, and for a format that needs an extra.

    >>> report_names(["html", "md"])
    ('report.html', 'report.md', 'report.json')
    """
    asked = list(dict.fromkeys([*(suffixes or ["html"]), "json"]))
    known = [s.removeprefix(".") for s in SUFFIXES]
    RequestError.reject(unknown(asked, known, "there is no format of reports with the suffix {}", "unknown-format"))
    for suffix in asked:
        FORMATS[SUFFIXES[f".{suffix}"]]
    return tuple(f"{name}.{suffix}" for suffix in asked)


def has_pdf() -> bool:
    """Whether a report can be written as a PDF, because the extra `pdf` is installed."""
    return find_spec("typst") is not None
