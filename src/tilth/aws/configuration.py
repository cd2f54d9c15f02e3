"""Configurations of AWS services, which are JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilth.errors import RequestError
from tilth.store.local import text_of


def configuration(path: str | Path) -> Any:
    """What is in a file of JSON. Errors: `RequestError` for a file that cannot be read or is not JSON."""
    try:
        return json.loads(text_of(path, "configuration"))
    except (json.JSONDecodeError, RecursionError) as error:
        hint = "a configuration is a JSON object in UTF-8"
        raise RequestError(f"{str(path)!r} is not valid JSON: {error}", hint=hint, code="invalid-json") from error
