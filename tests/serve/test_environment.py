"""Variables of SageMaker's serving containers: which have a meaning, and what is said of them."""

import json

import pytest

from tests.servers import free_port
from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.serve.environment import Environment
from tilth.serve.serving import Serving


def test_what_is_honoured_is_noted():
    known = Environment({"A": "7", "B": "x", "C": "", "SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_MULTI_MODEL": "False"})
    assert (known.number("C", "A", default=1), known.number("D", default=60), known.word("B", "y"), known.word("C", "y")) == (
        7,
        60,
        "x",
        "y",
    )
    assert known.facts == {"environment": ["A", "B"], "ignored": ["SAGEMAKER_PROGRAM"]}


@pytest.mark.parametrize("value", ["six", "0", "257", "inf", "nan", "-1"])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(RequestError, match="accepted: a number from 1 to 256"):
        Environment({"WORKERS": value}).number("WORKERS", default=1, least=1, most=256)


def test_several_models_are_refused():
    with pytest.raises(RequestError, match="serve only one pipeline"):
        Environment({"SAGEMAKER_MULTI_MODEL": "True"})


def test_the_values_in_force_are_said_at_the_start(served, monkeypatch, capsys):
    given = {
        "SAGEMAKER_BIND_TO_PORT": str(free_port()),
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "30",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
        "SAGEMAKER_MODEL_SERVER_TIMEOUT": "7",
    }
    for name, value in {**given, "SAGEMAKER_USE_NGINX": "true"}.items():
        monkeypatch.setenv(name, value)
    served_with = []
    monkeypatch.setattr(Serving, "run", lambda self, pipeline, listening: served_with.append((self, listening.getsockname()[1])))
    assert run(["serve", str(served / "people.tilth"), "--timeout", "9"]) == 0
    ((serving, port),) = served_with
    limits = serving.limits
    assert (port, limits.level, limits.largest, limits.answering) == (int(given["SAGEMAKER_BIND_TO_PORT"]), 30, 2 * 2**20, 9)
    said, proven, hop, line = capsys.readouterr().err.splitlines()
    assert said == f"people.tilth at http://127.0.0.1:{port}"
    assert proven == "proven: people.tilth (6 golden rows)"
    assert hop.startswith("between containers of a pipeline SageMaker accepts 5 MiB: at most about ")
    started = json.loads(line)
    assert {k: started[k] for k in ("workers", "timeout", "largest", "accept", "log_level", "ignored", "proven", "unproven")} == {
        "workers": 0,
        "timeout": 9,
        "largest": 2 * 2**20,
        "accept": "text/csv",
        "log_level": 30,
        "ignored": ["SAGEMAKER_USE_NGINX"],
        "proven": {"people.tilth": 6},
        "unproven": [],
    }
    assert set(started["environment"]) == {name for name in given if name != "SAGEMAKER_MODEL_SERVER_TIMEOUT"}
