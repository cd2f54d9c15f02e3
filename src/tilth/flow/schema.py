"""The JSON Schema of the flow file, by which editors complete and check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilth.flow.file_parts import FlowFile
from tilth.flow.parameters import model_of, shorthand
from tilth.flow.parts import LISTS
from tilth.measures import MEASURES
from tilth.steps import STEPS
from tilth.steps.rows.chosen import CHOSEN
from tilth.steps.rows.split import Split

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def flow_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a flow file.

    A list of steps is a list of one-key objects whose keys are the steps of that part: one object schema rather than a
    choice of many, because editors then complete the names and point at what is wrong.

    >>> sorted(flow_schema()["properties"])[:3]
    ['check', 'data', 'deliver']
    """
    schema = FlowFile.model_json_schema(by_alias=True)
    definitions = schema.setdefault("$defs", {})
    for part in LISTS:
        here = {name: kind for name, kind in STEPS.items() if part.name in kind.parts}
        schema["properties"][part.name] = _entries(here, schema["properties"][part.name], definitions)
    schema["properties"]["measure"] = _entries(MEASURES, schema["properties"]["measure"], definitions)
    schema["properties"]["split"] = _split(schema["properties"]["split"], definitions)
    return {"$schema": DIALECT, "title": "Tilth flow", **{k: v for k, v in schema.items() if k != "title"}}


def _entries(here: Mapping[str, type[Any]], described: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    for name, kind in here.items():
        definitions.setdefault(name, _parameters(kind, definitions))
    item = {
        "type": ["object", "string"],  # `- shuffle` is one without parameters
        "if": {"type": "string"},
        "then": {"enum": list(here)},
        "properties": {name: {"$ref": f"#/$defs/{name}", "description": _sentence(kind)} for name, kind in here.items()},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"type": "array", "description": described.get("description", ""), "items": item}


def _parameters(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = model_of(kind).model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))
    bare = ["string", "array"] if shorthand(kind) else []  # `scale: numeric` names its columns
    return {**schema, "type": ["object", "null", *bare], "description": _sentence(kind)}


def _split(described: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _parameters(Split, definitions)
    words = {k: v for k, v in schema["properties"].items() if k != "shares"}
    for word in ("by", "fold_by"):
        ways = words[word].pop("enum")
        words[word]["anyOf"] = [{"enum": ways}, {"pattern": rf"^\s*({'|'.join(ways)})\s*\(.*\)\s*$"}]  # `hash` or `hash(customer)`
    share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    value = {"type": ["string", "number", "boolean"]}
    own = dict.fromkeys(words, True)
    part = {"description": "a part's share of the rows; by `rule` its condition, by `given` a value or several"}
    return {
        "type": "object",
        "description": described.get("description", ""),
        "properties": {"train": part, "test": part, **words},
        "anyOf": [{"required": ["train"]}, {"required": ["folds"]}],
        "if": {"properties": {"by": {"pattern": rf"^\s*({'|'.join(CHOSEN)})\b"}}, "required": ["by"]},
        "then": {"properties": own, "additionalProperties": {"anyOf": [value, {"type": "array", "items": value}]}},
        "else": {"properties": own, "additionalProperties": share},
    }


def _sentence(kind: Any) -> str:
    return (kind.__doc__ or "").strip().split("\n")[0]
