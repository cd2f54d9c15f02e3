"""Hyperparameters: strings in the job, parsed values in a script, arguments on its command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tilth.errors import Mistake, RequestError

MOST = 100  # a training job takes no more
OWN = "sagemaker_"  # the prefix of hyperparameters that are for the service and its libraries, not for the script
TUNING = "_tuning_objective_metric"  # what a tuning job adds; withheld as well


def strings(given: Mapping[str, Any]) -> dict[str, str]:
    """Hyperparameters as a job has them, every value a string: strings as they are, anything else as JSON.

    Errors: `RequestError` for more than 100, and for names that are empty or no strings.

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
    """What a script is given: each value parsed as JSON, or as it is where it is not JSON.

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
