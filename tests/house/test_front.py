"""The front is sealed: what `tilth` shows is what it promises, and each name is bound to the thing it is typed as."""

from __future__ import annotations

import ast

import pytest

import tilth
from tests.house.tree import PACKAGE


def typed() -> dict[str, str]:
    """Each name the type checker sees, with the module it sees it in."""
    (block,) = (node for node in ast.parse((PACKAGE / "__init__.py").read_text()).body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def test_what_is_promised_is_what_is_seen() -> None:
    assert sorted(tilth.__all__) == sorted(typed())
    assert dir(tilth) == sorted([*tilth.__all__, "__version__"])


@pytest.mark.parametrize("name", tilth.__all__)
def test_a_name_is_bound_where_it_is_typed(name: str) -> None:
    home = __import__(typed()[name], fromlist=[name])
    assert getattr(tilth, name) is getattr(home, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tilth.nothing
