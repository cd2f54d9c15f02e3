"""docs/steps.md has an entry for each step, with each parameter and its meaning as the class says it."""

import re

import pytest

from tests.house.tree import ROOT
from tests.steps.page import EXAMPLE, made
from tilth.flow.parameters import written
from tilth.metrics.text import vocabulary
from tilth.steps import STEPS
from tilth.steps.balance import rows as balance_rows
from tilth.steps.clean import unnest
from tilth.steps.encode import group_rare, multi_hot
from tilth.steps.protect import action
from tilth.steps.rows import lookup_table, pivot, split
from tilth.steps.scale import reduce

PAGE = (ROOT / "docs" / "steps.md").read_text()


def test_each_step_has_its_entry():
    for name in STEPS.built_in:
        entry = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert entry, name
        for field in written(STEPS[name]):
            meaning = " ".join(STEPS[name].documented()[field.name].split())
            assert f"| `{field.name.rstrip('_')}` |" in entry, name
            assert meaning in entry, name
        for part in STEPS[name].parts:
            assert part in PAGE.partition("| step | part |")[2].partition(f"\n| [`{name}`]")[2].partition("\n")[0], name


MEMORY = {
    "unnest": (unnest.MOST_MET,),
    "dedupe": (),
    "join": (lookup_table.MOST_CELLS,),
    "resample": (),
    "pivot": (pivot.MOST,),
    "transform": (),
    "predict": (),
    "python": (),
    "redact": (action.REMEMBERED,),
    "reduce": (reduce.MOST_COLUMNS,),
    "encode": (multi_hot.MOST_PARTS,),
    "group_rare": (group_rare.MOST,),
    "vectorize": (vocabulary.MOST_WORDS,),
    "split": (split.MOST_STRATA, split.MOST_GROUPS),
    "balance": (balance_rows.MOST_CELLS,),
}
"""Step that holds more in memory than a few numbers for each column → the limits that its entry names."""


def test_entries_say_what_is_held_in_memory():
    for name in STEPS.built_in:
        said = re.findall(r"\nMemory: (.*)\n", PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0])
        assert len(said) == (name in MEMORY), name
        assert all(f"{limit:,}" in said[0] for limit in MEMORY.get(name, ())), name


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
