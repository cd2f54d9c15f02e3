"""The battery finds what is wrong with a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import col, lit, mul, number
from tilth.metrics.columns import Maximum
from tilth.metrics.metric import Metric
from tilth.steps.step import ColumnStep, Selector
from tilth.testing.steps import check_step


@dataclass(frozen=True)
class Times(ColumnStep):
    """x' = x times a factor."""

    name = "times"
    parts = frozenset({"features"})

    columns: Selector
    factor: float = 2.0
    """The factor."""

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: mul(number(column), lit(self.factor))}

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "is not a number"


class Crashes(Times):
    """Raises an error that is not a `TilthError`."""

    def needs(self, column: Column) -> dict[str, Metric]:
        return {"top": Maximum(column.name)}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        return {"half": measured["top"] / 2}


class Forgets(Times):
    """Learns what cannot be saved."""

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        return {"set": {1, 2}}


class Widens(Times):
    """Makes a column that it does not name."""

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {f"{column.name}{len(learned)}": col(column.name)}


@pytest.mark.slow
def test_a_sound_step_passes():
    check_step(Times(("number", "whole")))
    check_step(Widens("number"))


def test_a_step_that_crashes_on_a_table_of_nulls_fails():
    with pytest.raises(TypeError):
        check_step(Crashes("whole"))


def test_a_step_that_learns_what_cannot_be_saved_fails():
    with pytest.raises(TypeError, match="cannot be saved"):
        check_step(Forgets("number"))


def test_a_step_with_undocumented_parameters_fails():
    @dataclass(frozen=True)
    class Silent(Times):
        """Does not document its parameter."""

        more: int = 1

    with pytest.raises(AssertionError, match="parameters without a string below them"):
        check_step(Silent("number"))
