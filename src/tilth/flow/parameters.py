"""The parameters of steps and measures as a flow file states them: their names, their pydantic models, and steps made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache, partial
from typing import Any, TypeVar, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from tilth.data import Roles
from tilth.errors import FlowError
from tilth.measures.measure import Measure
from tilth.shelf import PYTHON_ONLY
from tilth.steps.step import Step

Named = TypeVar("Named", bound=Step | Measure)

PLAIN = ConfigDict(extra="forbid", coerce_numbers_to_str=True)  # a column may be called 2024, and -999 may mean null


def step_of(kind: type[Named], parameters: Mapping[str, Any], roles: Roles) -> Named:
    """A step from its parameters as a fitted flow keeps them. Errors: `ValueError` or `TilthError` for parameters that it does not take."""
    step = build(kind, model_of(cast("Any", kind)).model_validate({name.rstrip("_"): value for name, value in parameters.items()}))
    FlowError.reject(step.refused(roles))
    return step


def build(kind: type[Named], model: BaseModel) -> Named:
    """A step or measure from a model of its parameters."""
    return kind(**{f.name: getattr(model, f.name) for f in written(kind)})


def written(kind: Any) -> list[Any]:
    """The parameters that a flow file may state."""
    return [f for f in fields(kind) if f.metadata != PYTHON_ONLY]


def parameters(kind: Any) -> tuple[str, ...]:
    """Its parameters, as the flow file names them."""
    return tuple(f.name.rstrip("_") for f in written(kind))


def shorthand(kind: Any) -> str:
    """The parameter that a step's bare value is: `scale: numeric` names its columns."""
    meant: str = getattr(kind, "shorthand", "columns")
    return meant if meant in parameters(kind) else ""


@cache
def takes_null(kind: Any) -> frozenset[str]:
    """The parameters, as the flow file names them, that accept the word `null`, which YAML reads as no value."""
    hints = get_type_hints(kind)
    choices = {f.name: (hints[f.name], *get_args(hints[f.name])) for f in written(kind)}
    return frozenset(name.rstrip("_") for name, hint in choices.items() if any("null" in get_args(h) for h in hint))


@cache
def model_of(kind: Any) -> type[BaseModel]:
    """The pydantic model of the parameters, made from its dataclass."""
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for f in written(kind):
        default = f.default if f.default is not MISSING else f.default_factory() if callable(f.default_factory) else ...
        made[f.name] = (hints[f.name], Field(default, alias=f.name.rstrip("_")))
    return create_model(kind.__name__, __config__=ConfigDict(**PLAIN, json_schema_extra=partial(_parameters_described, kind)), **made)


def _parameters_described(kind: Any, schema: dict[str, Any]) -> None:
    for name, text in kind.documented().items():
        if (key := name.rstrip("_")) in schema.get("properties", ()):
            schema["properties"][key]["description"] = text
