"""docs/steps.md has an entry for each step, with each parameter and its meaning as the class says it."""

import pytest

from tests.house.tree import ROOT
from tests.steps.page import EXAMPLE, made
from tilth.flow.loading import written
from tilth.steps import STEPS

PAGE = (ROOT / "docs" / "steps.md").read_text()


@pytest.mark.parametrize("name", STEPS.built_in)
def test_a_step_has_its_entry(name):
    entry = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert entry
    for field in written(STEPS[name]):
        meaning = " ".join(STEPS[name].documented()[field.name].split())
        assert f"| `{field.name.rstrip('_')}` |" in entry
        assert meaning in entry
    for part in STEPS[name].parts:
        assert part in PAGE.partition("| step | part |")[2].partition(f"\n| [`{name}`]")[2].partition("\n")[0]


OTHERS = {
    "balance",
    "concat",
    "join",
    "predict",
    "prior",
    "python",
    "sql",
    "transform",
}  # they need a split, another table, a model or a function


@pytest.mark.parametrize("name", sorted({*STEPS.built_in} - OTHERS))
def test_its_example_is_what_it_does(name):
    example = EXAMPLE.search(PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0])
    assert example
    assert example["table"] == made(example["step"], example["roles"], example["table"])
