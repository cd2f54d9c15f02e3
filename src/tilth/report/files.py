"""Write a report to a file: whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tilth.errors import DISK_FULL, MachineError, RequestError, did_you_mean
from tilth.report.report import Report

ENDINGS = {".html": "html", ".htm": "html", ".json": "json", ".xml": "junit", ".md": "markdown", ".txt": "text"}
FORMATS = ("html", "json", "junit", "markdown", "text", "glue")


def write_report(report: Report, place: str | Path, format: str | None = None) -> Path:  # noqa: A002 -- the word that verbs and the flow file use
    """Write a report in the format of the file's ending, or in the one that is named, and return where it stands.

    Endings: `.html`, `.json`, `.xml` (JUnit), `.md` and `.txt`; formats: `html`, `json`, `junit`, `markdown`, `text`, `glue`. Folders
    that are not there are made. A reader sees the old file or the new one, never half of one.

    Errors: `RequestError` for an ending or a format that is not known, `MachineError` where the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(Report("check"), f"{folder}/report.md").name
    'report.md'
    """
    path = Path(place)
    text = _renderer(_format(path, format))(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode("utf-8", "replace"))
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise RequestError(
            f"the report cannot be written to {str(path)!r}: a folder stands there, or a file where a folder is needed",
            hint="choose another place",
            code="not-written",
        ) from error
    except OSError as error:
        why = error.strerror or str(error)
        code = DISK_FULL if error.errno == errno.ENOSPC else "not-written"
        raise MachineError(f"the report cannot be written to {str(path)!r}: {why}", code=code) from error
    return path


def _format(path: Path, asked: str | None) -> str:
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


def _replace(path: Path, content: bytes) -> None:
    """A hidden neighbour is written first, then takes the file's place in one step."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))  # noqa: PTH101 -- a temporary file is for its owner only; the report is for whom the folder's files are
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or what a new file gets here."""
    with suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
