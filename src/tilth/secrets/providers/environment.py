"""`env:NAME`: a variable of the environment."""

from __future__ import annotations

import os

from tilth.errors import RequestError, did_you_mean
from tilth.secrets.references import Provider


class Environment(Provider):
    """A variable of the environment."""

    def text(self, name: str, label: str) -> str:
        if name not in os.environ:
            hint = did_you_mean(name, os.environ) or "set it where this runs"
            raise RequestError(f"the environment variable {name!r} is not set; a secret refers to it", hint=hint, code="no-secret")
        return os.environ[name]
