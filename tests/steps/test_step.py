"""step: the shelf, parameters and their strings, and names that clash."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines import duckdb_session
from tests.steps.made import columns_of, dataset, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps import STEPS
from tilth.steps.clean.impute import Impute
from tilth.steps.clean.null_if import NullIf
from tilth.steps.encode.encode import Encode
from tilth.steps.fitting import fit
from tilth.steps.scale.scale import Scale
from tilth.steps.step import Step
from tilth.steps.text.vectorize import Vectorize

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


def test_each_class_says_what_its_parameters_mean_names_its_parts_and_shows_an_example():
    for name in STEPS.built_in:
        kind: type[Step] = STEPS[name]
        assert {f.name for f in dataclasses.fields(kind)} <= kind.documented().keys(), name
        assert all(text.endswith((".", "`")) for text in kind.documented().values()), name
        assert kind.parts, name
        assert kind.parts <= {"rows", "split", "features", "training", "output"}, name
        assert ">>> " in kind.__doc__, name


NUMBERS = {"a": [1.0, 3.0], "b": [2.0, 2.0]}


def test_a_step_of_columns_works_in_place_or_into_a_new_column():
    assert made(Scale("a"), NUMBERS) == {"a": [-1.0, 1.0], "b": [2.0, 2.0]}
    assert made(Scale("a", into="{column}"), NUMBERS) == made(Scale("a"), NUMBERS)
    assert made(Scale("a", into="z"), NUMBERS) == {**NUMBERS, "z": [-1.0, 1.0]}
    assert made(Scale("numeric", into="z_{column}"), NUMBERS) == {**NUMBERS, "z_a": [-1.0, 1.0], "z_b": [0.0, 0.0]}
    assert made(NullIf(("a", "w"), values=("x",), into="{column}2"), {"a": [1], "w": ["x"]}) == {
        "a": [1],
        "w": ["x"],
        "a2": [1],
        "w2": [None],
    }


def test_several_columns_made_of_one_begin_with_the_name():
    assert made(Encode("w", into="is"), {"w": ["x", "y"]}) == {"w": ["x", "y"], "is_x": [1, 0], "is_y": [0, 1]}
    assert list(made(Vectorize("w", into="has"), {"w": ["red", "red"]})) == ["w", "has_red"]


@pytest.mark.parametrize(
    ("columns", "into", "message"),
    [
        ("numeric", "z", "scale: `into: z` names one column, but 2 are chosen"),
        ("a", "b", "scale: of column 'a' it would make 'b', but there is a column 'b' already"),
        ("numeric", "{column}_{kind}", "scale: `into` is '{column}_{kind}'"),
    ],
)
def test_a_name_that_cannot_be_made_is_rejected(columns, into, message):
    with pytest.raises(RequestError, match=re.escape(message)):
        made(Scale(columns, into=into), NUMBERS)


def test_what_is_made_of_a_private_column_is_private():
    step = Scale("numeric", into="{column}_scaled")
    _, data = fit([step], dataset(NUMBERS, Roles.of(private=["a"])), duckdb_session())
    assert data.roles.private == ("a",)  # a kind leaves private columns alone
    _, data = fit([Scale(("a", "b"), into="{column}_scaled")], dataset(NUMBERS, Roles.of(private=["a"])), duckdb_session())
    assert data.roles.private == ("a", "a_scaled")


def test_a_later_step_sees_the_columns_that_an_earlier_one_makes():
    flow = [Impute("a", indicator=True, into="{column}_filled"), Scale(("numeric", "!b"))]
    _, data = fit(flow, dataset({"a": [1.0, None, 3.0], "b": [2.0, 2.0, 2.0]}), duckdb_session())
    found = columns_of(data, duckdb_session())
    assert found["a_filled"] == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
    assert found["a_missing"] == pytest.approx([-(0.5**0.5), 2**0.5, -(0.5**0.5)])
