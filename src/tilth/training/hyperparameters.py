"""Hyperparameters: strings in a job, parsed values in a script, arguments on its command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tilth.errors import Mistake, RequestError

MOST = 100  # the limit of a training job
OWN = "sagemaker_"  # prefix of hyperparameters for the service and its libraries, not for the script
TUNING = "_tuning_objective_metric"  # added by a tuning job; withheld from the script, too


def strings(given: Mapping[str, Any]) -> dict[str, str]:
    """Hyperparameters as strings, as a job has them; values that are not strings become JSON.

    Errors: `RequestError` for more than 100, and for names that are empty or not strings.

    >>> strings({"max_depth": 6, "kernel": "rbf", "layers": [64, 32], "early": True})
    {'max_depth': '6', 'kernel': 'rbf', 'layers': '[64, 32]', 'early': 'true'}
    """
    wrong = [
        Mistake(f"{name!r} is not the name of a hyperparameter", accepted="a string", code="bad-name") for name in given if not _named(name)
    ]
    if len(given) > MOST:
        wrong.append(Mistake(f"{len(given)} hyperparameters are given", accepted=f"{MOST} or fewer", code="too-many"))
    RequestError.reject(wrong)
    return {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str) for name, value in given.items()}


def _named(name: object) -> bool:
    return isinstance(name, str) and bool(name)


def parsed(given: Mapping[str, str]) -> dict[str, Any]:
    """The values that a script receives: parsed as JSON, or unchanged if they are not JSON.

    >>> parsed({"max_depth": "6", "kernel": "rbf", "quoted": '"rbf"', "code": "007"})
    {'max_depth': 6, 'kernel': 'rbf', 'quoted': 'rbf', 'code': '007'}
    """
    return {name: _parsed(value) for name, value in given.items()}


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def is_own(name: str) -> bool:
    """Whether a hyperparameter is withheld from the script."""
    return name.startswith(OWN) or name == TUNING


def arguments(values: Mapping[str, Any]) -> list[str]:
    """The arguments of a script: `--name value`, or `-n value` for names of one letter, sorted by name.

    A mapping is written `a=1,b=2`, null as an empty string, anything else as Python prints it.

    >>> arguments({"max_depth": 6, "l": 0.5, "early": True, "grid": {"b": 1, "a": "x"}})
    ['--early', 'True', '--grid', 'a=x,b=1', '-l', '0.5', '--max_depth', '6']
    """
    return [word for name in sorted(values) for word in ("--" + name if len(name) > 1 else "-" + name, _argument(values[name]))]


def _argument(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}={inner}" for name, inner in sorted(value.items()))
    return "" if value is None else str(value)
