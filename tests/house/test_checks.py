"""The linter, the formatter, the type checker and the import contracts find nothing.

Docstrings are the linter's (its rules D1): every public module, class and function has one.
"""

from __future__ import annotations

import pytest

from tests.house.tree import python

LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"


@pytest.mark.slow  # `make check` runs them beside the tests
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-m", "ruff", "check", "--no-cache", "--output-format=concise"], id="ruff check"),
        pytest.param(["-m", "ruff", "format", "--no-cache", "--check"], id="ruff format"),
        pytest.param(["-c", LINT_IMPORTS], id="import-linter"),
        pytest.param(["-m", "mypy"], id="mypy"),
    ],
)
def test_the_checks_find_nothing(words: list[str]) -> None:
    done = python(*words, seconds=300)
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"
