"""docs/steps.md has an entry for each step, with each parameter and its meaning as the class says it."""

import pytest

from tests.house.tree import ROOT
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
        assert part in PAGE.partition(f"| [`{name}`]")[2].partition("\n")[0]
