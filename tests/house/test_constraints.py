"""`constraints.txt` pins all that `pyproject.toml` asks for, inside its ranges, without an address."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines()]
ASKED = [
    Requirement(words)
    for words in [*PROJECT["dependencies"], *(words for extra in PROJECT["optional-dependencies"].values() for words in extra)]
    if not words.startswith("tilth")
]


def test_every_line_is_one_version_without_an_address() -> None:
    assert all(re.fullmatch(r"==[\w.+!]+", str(pin.specifier)) and pin.url is None for pin in PINS)


def test_requirements_are_pinned_inside_their_ranges() -> None:
    for asked in ASKED:
        pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(asked.name)]
        assert pins, f"run `make constraints`: {asked.name} has no pin"
        for pin in pins:
            assert asked.specifier.contains(str(pin.specifier).removeprefix("==")), f"{pin} is not {asked}"


def test_no_extra_asks_for_what_the_core_has() -> None:
    core = {canonicalize_name(Requirement(words).name) for words in PROJECT["dependencies"]}
    assert not core & {canonicalize_name(asked.name) for asked in ASKED[len(PROJECT["dependencies"]) :]}
