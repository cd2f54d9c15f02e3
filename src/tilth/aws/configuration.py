"""Configurations of AWS services: JSON files, and what their objects have in common."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tilth.errors import RequestError
from tilth.store.local import text_of


class Part(BaseModel):
    """An object that rejects unknown keys and does not convert values."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def configuration(path: str | Path) -> Any:
    """The content of a JSON file. Errors: `RequestError` if it cannot be read or is not JSON."""
    try:
        return json.loads(text_of(path, "configuration"))
    except (json.JSONDecodeError, RecursionError) as error:
        hint = "a configuration is a JSON object in UTF-8"
        raise RequestError(f"{str(path)!r} is not valid JSON: {error}", hint=hint, code="invalid-json") from error
