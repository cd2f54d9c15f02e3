"""The mistakes that pydantic finds in another product's configuration, each with its key path, all at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from tilth.errors import Mistake, did_you_mean, listed

ACCEPTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "null": "a value",
    "missing": "",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length}",
    "string_too_long": "up to {max_length} characters",
    "string_pattern_mismatch": "a string that matches {pattern}",
}


def mistakes_of(error: ValidationError, given: Any, model: type[BaseModel]) -> list[Mistake]:
    """The mistakes of a validation of `given`, each with its key path; a value that may have several shapes has one."""
    found: dict[tuple[str | int, ...], list[Any]] = {}
    for e in error.errors(include_url=False):
        found.setdefault(_path(e, given), []).append(e)
    deepest = [p for p in found if not any(len(q) > len(p) and q[: len(p)] == p for q in found)]
    return [_mistake(path, found[path], given, model) for path in deepest]


def _path(error: Any, given: Any) -> tuple[str | int, ...]:
    """The keys and indices that lead to the value, without the names of the tried shapes."""
    path: list[str | int] = []
    for at in error["loc"]:
        inside = (isinstance(given, dict) and at in given) or (isinstance(given, list) and isinstance(at, int) and at < len(given))
        if inside:
            given = given[at]
            path.append(at)
    return (*path, error["loc"][-1]) if error["type"] == "missing" else tuple(path)


def _mistake(path: Sequence[str | int], errors: Sequence[Any], given: Any, model: type[BaseModel]) -> Mistake:
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".") or "the configuration"
    kinds = {e["type"] for e in errors}
    if "missing" in kinds:
        return Mistake(f"{where}: this is needed", code="missing-key")
    words = [w for e in errors if e["type"] == "literal_error" for w in re.findall(r"'([^']*)'", e["ctx"]["expected"])]
    if "extra_forbidden" in kinds or any("[key]" in e["loc"] for e in errors):
        known = words or list(_keys_at(path[:-1], model.model_json_schema()))
        hint = did_you_mean(str(path[-1]), known)
        return Mistake(f"{where}: this key is not known", accepted=listed(known, 30), hint=hint, code="unknown-key")
    found = given
    for p in path:
        found = found[p]
    accepted = [listed(words, 30)] if words else []
    accepted += [ACCEPTED.get(e["type"], e["msg"]).format(**e.get("ctx", {})) for e in errors if e["type"] != "literal_error"]
    shown, code = json.dumps(found, default=str)[:80], "unknown-value" if words else "bad-value"
    return Mistake(
        f"{where}: found {shown}", accepted=" or ".join(dict.fromkeys(accepted)), hint=did_you_mean(str(found), words), code=code
    )


def _keys_at(path: Sequence[str | int], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys that a JSON Schema has at a path."""
    at: Any = schema
    for p in path:
        at = at.get("properties", {}).get(p, {}) if isinstance(p, str) else at.get("items", {})
        shapes = [at, *at.get("anyOf", [])]
        refs = [schema["$defs"][s["$ref"].rsplit("/", 1)[1]] for s in shapes if "$ref" in s]
        at = (refs + [s for s in shapes if "items" in s] + [at])[0]
    found: Mapping[str, Any] = at.get("properties", {})
    return found
