"""Turns the validation errors of pydantic for flow files, configurations and reports into mistakes, each with its path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tilth.errors import Mistake, RequestError, did_you_mean, listed

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Path = tuple[str | int, ...]
M = TypeVar("M", bound="BaseModel")
ACCEPTED = {  # by the type of the error, or by the beginning of it
    "string": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "dataclass": "a mapping",
    "null": "a value",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length}",
    "string_too_long": "up to {max_length} characters",
    "union_tag_not_found": "a mapping with the key {discriminator}",
    "union_tag_invalid": "a {discriminator} of {expected_tags}",
    "string_pattern_mismatch": "a string that matches {pattern}",
}
DASHES = "in YAML each item of a list begins with a dash"


def validated(model: type[M], given: Any, within: Path = ()) -> M:
    """Validate a value by a model; `within` is its path in the whole document. Errors: `RequestError` with every mistake."""
    from pydantic import ValidationError

    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise RequestError(*(mistake for _, mistake in mistakes_of(error, given, model, within))) from None


def mistakes_of(
    error: ValidationError, given: Any, model: type[BaseModel] | None = None, within: Path = ()
) -> Iterator[tuple[Path, Mistake]]:
    """The mistakes that a validation found in `given`, each with its path. A value that may have several shapes gets only one mistake.

    `model` supplies the known keys for messages about unknown ones; `within` is the path of `given` in the whole document.
    """
    by_path: dict[Path, list[Any]] = {}
    for e in error.errors(include_url=False):
        by_path.setdefault(_path(e, given), []).append(e)
    for path in by_path:
        if not any(len(other) > len(path) and other[: len(path)] == path for other in by_path):
            where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in (*within, *path)).removeprefix(".") or "the whole"
            mistake = _mistake(path, by_path[path], given, model)
            yield (*within, *path), replace(mistake, message=f"{where}: {mistake.message}")


def _path(error: Any, given: Any) -> Path:
    """The keys and indices of the path to the value, without the names of alternative shapes."""
    path: list[str | int] = []
    for at in error["loc"]:
        inside = (isinstance(given, dict) and at in given) or (isinstance(given, list) and isinstance(at, int) and at < len(given))
        if inside:
            given = given[at]
            path.append(at)
    return (*path, error["loc"][-1]) if error["type"] == "missing" else tuple(path)


def _mistake(path: Path, errors: Sequence[Any], given: Any, model: type[BaseModel] | None) -> Mistake:
    kinds = {e["type"] for e in errors}
    if "missing" in kinds:
        return Mistake("this is needed", code="missing-key")
    words = [w.strip("'") for e in errors if e["type"] == "literal_error" for w in re.split(", | or ", e["ctx"]["expected"])]
    if "extra_forbidden" in kinds or any("[key]" in e["loc"] for e in errors):
        known = words or list(_keys_at(path[:-1], model.model_json_schema() if model else {}))
        return Mistake("this key is not known", accepted=listed(known, 30), hint=did_you_mean(str(path[-1]), known), code="unknown-key")
    for p in path:
        given = given[p]
    accepted = [listed(words, 30)] if words else []
    accepted += [_accepted(e).format(**e.get("ctx", {})) for e in errors if e["type"] != "literal_error"]
    return Mistake(
        f"found {json.dumps(given, default=str, ensure_ascii=False)[:80]}",
        accepted=" or ".join(dict.fromkeys(accepted)),
        hint=DASHES if isinstance(given, dict) and accepted == ["a list"] else did_you_mean(str(given), words),
        code="unknown-value" if words else "bad-value",
    )


def _accepted(error: Any) -> str:
    kind: str = error["type"]
    said = error["msg"].removeprefix("Value error, ").replace("{", "{{").replace("}", "}}")  # the message of a validator
    return ACCEPTED.get(kind) or ACCEPTED.get(kind.split("_")[0]) or said


def _keys_at(path: Path, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys that a JSON Schema allows at a path."""
    at: Any = schema
    for p in path:
        at = at.get("properties", {}).get(p, {}) if isinstance(p, str) else at.get("items", {})
        shapes = [at, *at.get("anyOf", [])]
        refs = [schema["$defs"][s["$ref"].rsplit("/", 1)[1]] for s in shapes if "$ref" in s]
        at = (refs + [s for s in shapes if "items" in s] + [at])[0]
    keys: Mapping[str, Any] = at.get("properties", {})
    return keys
