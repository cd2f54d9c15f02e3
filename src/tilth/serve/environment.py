"""The variables by which a container of SageMaker is set up, and which of them have a meaning here."""

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
)  # of other serving stacks: scripts, a proxy, further ports, several models
SEVERAL = "SAGEMAKER_MULTI_MODEL"


@dataclass
class Environment:
    """Variables of the process, which are noted as they are asked for.

    Errors: `RequestError` where several models are to be served by one server.
    """

    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.variables.get(SEVERAL, "").lower() == "true":
            raise RequestError(
                f"{SEVERAL} is true, and a server can serve only one pipeline", hint="one container for each", code="several-models"
            )

    def word(self, name: str, default: str) -> str:
        """The value of a variable that is not empty, or the default."""
        if found := self.variables.get(name, ""):
            self.taken.append(name)
        return found or default

    def number(self, *names: str, default: float, least: float = 0.0, most: float = math.inf) -> float:
        """The number in the first of some variables, or the default. Errors: `RequestError` for another value."""
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
        """The variables that were taken, and those of other serving stacks that are set and mean nothing here."""
        return {"environment": self.taken, "ignored": [name for name in WITHOUT if self.variables.get(name)]}
