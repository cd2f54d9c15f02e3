"""Recipes of AWS Glue DataBrew, read: a list of actions, each with its parameters and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tilth.aws.conversion.databrew.action import Action
from tilth.aws.conversion.databrew.actions import ACTIONS, REASONS
from tilth.aws.conversion.made import Item, Made, NotConverted
from tilth.yaml import yaml_value


def steps_of(recipe: Any) -> list[Mapping[str, Any]] | None:
    """The steps of a recipe, which is a list or an object that contains one; None for anything else."""
    if isinstance(recipe, Mapping):
        recipe = _first(recipe, ("Steps", "steps", "RecipeSteps"))
    if not isinstance(recipe, list) or not all(isinstance(step, Mapping) for step in recipe):
        return None
    return recipe


def _first(mapping: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """The value of the first of these keys that is there."""
    return next((mapping[key] for key in keys if key in mapping), None)


def items_of(steps: list[Mapping[str, Any]]) -> Iterator[Item]:
    """Convert each action of a recipe."""
    for n, step in enumerate(steps, 1):
        step = step.get("RecipeStep", step)
        action = _first(step, ("Action", "RecipeAction", "action"))
        action = action if isinstance(action, Mapping) else {}
        operation, given = _first(action, ("Operation", "operation")), _first(action, ("Parameters", "parameters")) or {}
        source = f"step {n}, {operation}" if isinstance(operation, str) else f"step {n}"
        shown = yaml_value(given)
        try:
            if not isinstance(operation, str) or not isinstance(given, Mapping):
                raise NotConverted("it has no operation")
            yield Item(source, tuple(_made(operation, given, step.get("ConditionExpressions") or [])))
        except NotConverted as why:
            yield Item(source, (), str(why), shown)


def _made(operation: str, given: Mapping[str, Any], conditions: Any) -> Iterator[Made]:
    if operation not in ACTIONS:
        raise NotConverted(REASONS.get(operation, "no step does this in this version"))
    if not isinstance(conditions, list) or not all(isinstance(c, Mapping) for c in conditions):
        raise NotConverted("its conditions are not a list")
    action = Action(operation, given, conditions)
    made = list(ACTIONS[operation](action))
    if not action.unconditional:
        raise NotConverted(f"it is for rows with {action.condition} only, and `{made[0].name}` is for all")
    unread = tuple(f"its parameter {name!r} is ignored" for name in action.unread)
    yield from (replace(m, notes=(*m.notes, *unread)) if k == 0 else m for k, m in enumerate(made))
