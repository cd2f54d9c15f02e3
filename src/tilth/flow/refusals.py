"""Adds the place of a step in the flow file to the errors that it raises while rows are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tilth.errors import Mistake, Place, RequestError, TilthError
from tilth.flow.flow import Flow
from tilth.steps.fitting import label


@dataclass(frozen=True)
class AtItsStep:
    """Adds the place of a step to a mistake whose message begins with the step's name."""

    flow: Flow

    def __call__(self, error: RequestError) -> RequestError:
        places = self._places()
        return type(error)(*(self._placed(mistake, places) for mistake in error.mistakes))

    def _places(self) -> Mapping[Any, Place]:
        """The places of the steps. For a saved flow these are places in its original text."""
        flow = self.flow
        if flow.places or not flow.text:
            return flow.places
        from tilth.flow.loading import parse_flow  # imported here: it loads pydantic, which serving does not need

        with suppress(TilthError):
            return parse_flow(flow.text, file=f"{flow.name}.tilth: flow.yaml", name=flow.name).places
        return {}

    def _placed(self, mistake: Mistake, places: Mapping[Any, Place]) -> Mistake:
        if mistake.place is not None:
            return mistake
        named = {step for _, step in self.flow.steps() if mistake.message.startswith((f"{step.name}: ", f"{step.name} "))}
        named = {step for step in named if mistake.message.startswith(f"{label(step)} ")} or named
        found = [places[step] for step in named if step in places]
        return mistake.at(found[0]) if len(found) == 1 else mistake


@contextmanager
def refusals_located(flow: Flow) -> Iterator[None]:
    """Add the place of the step to errors that are raised in the block."""
    try:
        yield
    except RequestError as error:
        raise AtItsStep(flow)(error) from error
