"""Documents: files of JSON or YAML, whichever they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilth.errors import FlowError, RequestError
from tilth.store.local import text_of
from tilth.yaml import DEEPEST
from tilth.yaml import parse as parse_yaml


def document(path: str | Path, what: str) -> Any:
    """What a file of JSON or YAML holds; `what` calls it in messages. Errors: `RequestError`."""
    text = text_of(path, what)
    if text.lstrip()[:1] not in ("[", "{"):
        document = parse_yaml(text, str(path))
        FlowError.reject(document.mistakes)
        return document.value
    try:
        given = json.loads(text)
    except ValueError as error:
        raise RequestError(f"{str(path)!r} is not valid JSON: {error}", hint="download it anew", code="invalid-json") from error
    except RecursionError:
        given = None
    if given is None or _is_deep(given):
        raise RequestError(f"{str(path)!r} is nested too deep", accepted=f"nested at most {DEEPEST} deep", code="too-large")
    return given


def _is_deep(value: Any) -> bool:
    """Whether values are nested deeper than those of a flow may be."""
    level = [value]
    for _ in range(DEEPEST):
        level = [v for x in level if isinstance(x, dict | list) for v in (x.values() if isinstance(x, dict) else x)]
    return bool(level)
