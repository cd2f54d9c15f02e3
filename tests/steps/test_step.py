"""step: the shelf, parameters and their strings, and names that clash."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from tilth.steps import STEPS
from tilth.steps.step import Step

SRC = Path(__file__).parents[2] / "src"


def test_the_shelf_holds_each_step_under_its_name():
    assert {name: kind.name for name, kind in STEPS.items()} == {name: name for name in STEPS}
    assert set(STEPS.built_in) <= set(STEPS)
    assert len(STEPS) == len(list(STEPS))
    assert "no such step" not in STEPS


def test_the_shelf_imports_a_step_when_it_is_asked_for():
    code = "import sys; from tilth.steps import STEPS; 'encode' in STEPS; print([m for m in sys.modules if m.startswith('tilth.steps.')])"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(SRC)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", STEPS.built_in)
def test_every_parameter_says_what_it_means(name):
    kind: type[Step] = STEPS[name]
    assert {f.name for f in dataclasses.fields(kind)} <= kind.documented().keys()
    assert all(text.endswith((".", "`")) for text in kind.documented().values())


@pytest.mark.parametrize("name", STEPS.built_in)
def test_a_class_names_its_parts_and_shows_an_example(name):
    kind = STEPS[name]
    assert kind.parts <= {"rows", "split", "features", "training", "output"}
    assert kind.parts
    assert ">>> " in kind.__doc__
