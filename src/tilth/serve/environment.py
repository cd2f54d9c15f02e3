"""The environment variables that configure a SageMaker container, and which of them Tilth uses."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.errors import RequestError

WITHOUT = (
    "SAGEMAKER_PROGRAM",
    "SAGEMAKER_SUBMIT_DIRECTORY",
    "SAGEMAKER_USE_NGINX",
    "SAGEMAKER_SAFE_PORT_RANGE",
    "MAX_CONTENT_LENGTH",
)  # for other serving stacks: scripts, a proxy, more ports, several models
SEVERAL = "SAGEMAKER_MULTI_MODEL"


@dataclass
class Environment:
    """Environment variables. It records which of them are read.

    Errors: `RequestError` if the variables request several models in one server.
    """

    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.variables.get(SEVERAL, "").lower() == "true":
            raise RequestError(
                f"{SEVERAL} is true, and a server can serve only one pipeline", hint="one container for each", code="several-models"
            )

    def word(self, name: str, default: str) -> str:
        """The value of a variable, or the default if it is empty or absent."""
        if found := self.variables.get(name, ""):
            self.taken.append(name)
        return found or default

    def number(self, *names: str, default: float, least: float = 0.0, most: float = math.inf) -> float:
        """The number in the first of the variables that is set, or the default. Errors: `RequestError` if the value is invalid."""
        name = next((n for n in names if self.variables.get(n)), "")
        if not name:
            return default
        text = self.word(name, "")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or math.isinf(value):
            accepted = f"a number from {least:g}" + ("" if math.isinf(most) else f" to {most:g}")
            raise RequestError(f"{name} is {text!r}", accepted=accepted, code="bad-value")
        return value

    @property
    def facts(self) -> dict[str, Any]:
        """The variables that were read, and the set variables of other serving stacks, which are ignored."""
        return {"environment": self.taken, "ignored": [name for name in WITHOUT if self.variables.get(name)]}
