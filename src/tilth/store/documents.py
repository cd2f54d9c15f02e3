"""Files that are read as a whole: bytes up to a limit, and documents in JSON or YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilth.errors import FlowError, RequestError
from tilth.store.local import missing, reject_stream, text_of
from tilth.store.places import copies
from tilth.store.uri import Place
from tilth.yaml import DEEPEST
from tilth.yaml import parse as parse_yaml


def bytes_of(place: Place, what: str, most: int, error: type[RequestError] = RequestError) -> bytes:
    """The bytes of a file, at most `most`. `what` names it in messages.

    Errors: `error` if it is missing, not readable, too large, or a pipe.

    >>> bytes_of("/nowhere/flow.tilth", "fitted flow", 100)
    Traceback (most recent call last):
        ...
    tilth.errors.RequestError: there is no fitted flow '/nowhere/flow.tilth' [no-file]
        there is no folder /nowhere
    """
    held = copies(place)  # copies of a remote place exist as long as this object
    reject_stream(held.path, f"the {what} ", error)
    try:
        with Path(held.path).open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError as why:
        raise error(f"there is no {what} {str(place)!r}", hint=missing(held.path), code="no-file") from why
    except OSError as why:
        raise error(f"the {what} {str(place)!r} cannot be read: {why.strerror or why}", code="not-readable") from why
    if len(content) > most:
        raise error(f"the {what} {str(place)!r} is too large", accepted=f"up to {most:,} bytes", code="too-large")
    return content


def document(path: str | Path, what: str) -> Any:
    """Parse a file in JSON or YAML. `what` names it in messages. Errors: `RequestError`."""
    text = text_of(path, what)
    if text.lstrip()[:1] not in ("[", "{"):
        document = parse_yaml(text, str(path))
        FlowError.reject(document.mistakes)
        return document.value
    try:
        given = json.loads(text)
    except ValueError as error:
        raise RequestError(f"{str(path)!r} is not valid JSON: {error}", hint="download it again", code="invalid-json") from error
    except RecursionError:
        given = None
    if given is None or _is_deep(given):
        raise RequestError(f"{str(path)!r} is nested too deep", accepted=f"nested at most {DEEPEST} deep", code="too-large")
    return given


def _is_deep(value: Any) -> bool:
    """Whether values are nested deeper than a flow allows."""
    level = [value]
    for _ in range(DEEPEST):
        level = [v for x in level if isinstance(x, dict | list) for v in (x.values() if isinstance(x, dict) else x)]
    return bool(level)
