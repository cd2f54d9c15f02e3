"""Files of JSON or YAML, whichever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilth.errors import RequestError
from tilth.store.documents import document
from tilth.yaml import DEEPEST


@pytest.mark.parametrize("text", ['{"a": [1, "b"]}', "a: [1, b]", "a:\n- 1\n- b\n"])
def test_both_give_the_same(text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text, "utf-8")
    assert document(tmp_path / "file", "file") == {"a": [1, "b"]}


@pytest.mark.parametrize(
    ("text", "code"),
    [("[1,", "invalid-json"), ("[" * DEEPEST + "[]" + "]" * DEEPEST, "too-large"), ("a: 1\na: 2", "set-twice"), ("a: [", "not-yaml")],
)
def test_what_is_neither_is_an_error(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text, "utf-8")
    with pytest.raises(RequestError) as error:
        document(tmp_path / "file", "file")
    assert error.value.mistakes[0].code == code
