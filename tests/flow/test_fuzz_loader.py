"""The flow loader says what is wrong with any text, and nothing else comes out of it."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.house.tree import ROOT, python


@pytest.mark.slow
def test_the_fuzzer_finds_nothing() -> None:
    """Some hundred inputs of atheris, which looks for inputs that reach new lines of the loader."""
    pytest.importorskip("atheris", reason="atheris is not made for this Python")
    done = python("-m", "tests.fuzz.flow", f"-runs={settings().max_examples * 20}", "-timeout=5", "-max_len=2000", cwd=ROOT, seconds=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
