"""Whatever a file says, it is converted to a flow that loads, and nothing of it is lost without a word."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.aws.conversion.test_flows import flow_of
from tests.aws.conversion.test_recipes import recipe_of
from tilth.aws.conversion import data_wrangler, databrew
from tilth.aws.conversion.conditions import COMPARISONS
from tilth.aws.conversion.data_wrangler.operators import OPERATORS
from tilth.aws.conversion.databrew.actions import ACTIONS

SOURCE = {
    package: "".join(path.read_text("utf-8") for path in sorted(Path(package.__path__[0]).glob("*.py")))
    for package in (databrew, data_wrangler)
}
NAMES = {package: sorted(set(re.findall(r'"([a-z]+(?:[A-Z_][A-Za-z_]*[0-9]?)?)"', text))) for package, text in SOURCE.items()}
WORDS = sorted({w for text in SOURCE.values() for w in re.findall(r'"([A-Z][A-Za-z_ -]+)"', text)})
ODD = ["a", "b c", "0", "1", "2", "-1", "1e400", "nan", "true", "false", "a`b", "it's", "\\", "{x}", "a: [", "x\n- y", "", "é"]
TEXTS = st.one_of(
    st.sampled_from(ODD),
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.lists(st.sampled_from(["a", "b", "c d"]), max_size=3).map(json.dumps),
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "x"]), max_size=2).map(json.dumps),
)
CONDITIONS = st.lists(
    st.tuples(st.sampled_from([*COMPARISONS, "IS", "IS_NOT", "IS_BETWEEN"]), TEXTS | st.none(), st.sampled_from(["a", "b c"])), max_size=2
)


def loads(given: Any, items: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_text(json.dumps(given), "utf-8")
        conversion = tilth.convert(path)
    assert len(conversion.items) == items
    done = {p.item.source for part in conversion.parts.values() for p in part}
    assert done == {item.source for item in conversion.items if item.made or item.reason}
    made = sum(p.made is not None for part in conversion.parts.values() for p in part)
    assert made == sum(len(steps) for part, steps in conversion.flow.parts.items() if part in conversion.parts)


def parameters(package: Any, values: st.SearchStrategy[Any], **usual: str) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters whose names the package reads, with the usual ones if they are not among them."""
    return st.dictionaries(st.sampled_from(NAMES[package]), values, max_size=6).map(lambda given: {**usual, **given})


ACTION = st.tuples(st.sampled_from(sorted(ACTIONS)), parameters(databrew, TEXTS, sourceColumn="a", targetColumn="t"), CONDITIONS)
VALUES = TEXTS | st.integers(-5, 5) | st.booleans() | st.lists(TEXTS, max_size=2)
NODE = st.tuples(st.sampled_from(sorted(OPERATORS)), parameters(data_wrangler, VALUES, input_column="a", target_column="b"))


@pytest.mark.slow
@given(st.lists(ACTION.map(list), max_size=5))
def test_any_recipe_becomes_a_flow_that_loads(steps: list[Any]) -> None:
    loads(recipe_of(steps), len(steps))


@pytest.mark.slow
@given(st.lists(NODE.map(lambda node: [*node[0], node[1]]), min_size=1, max_size=5))
def test_any_flow_becomes_a_flow_that_loads(nodes: list[Any]) -> None:
    loads(flow_of(nodes), len(nodes))
