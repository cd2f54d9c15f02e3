"""What a value becomes: the cases of checks.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cases import cases
from tests.steps.keys import KEY
from tests.steps.made import made
from tilth.data import Roles
from tilth.flow.parameters import step_of
from tilth.steps.protect.actions import ACTIONS
from tilth.steps.protect.redact import Redact

KEYED = [name for name, action in ACTIONS.items() if action.purpose and name != "shuffle"]


def checks(*ways: str) -> Any:
    """The cases of some ways, as the parameters of a test."""
    found = [c for c in cases(Path(__file__).with_name("checks.yaml")) if c["step"]["with"] in ways]
    return pytest.mark.parametrize("check", found, ids=lambda c: f"{c['step']['with']} {c['value']}")


def becomes(check: Mapping[str, Any]) -> list[Any]:
    """What becomes of the value, and of null."""
    key = {"key": KEY} if check["step"]["with"] in KEYED else {}
    step = step_of(Redact, {"columns": check["column"], **check["step"], **key}, Roles())
    table = {check["column"]: [check["value"], None], "id": [check.get("id", "a"), "b"]}
    return made(step, table)[check["column"]]
