"""Whatever the arguments of checks are, each check becomes rules that can be read, or is listed with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tilth.rules import lint
from tilth.rulesets import converted_checks

HERE = Path(__file__).parent
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.floats(),
    st.sampled_from(["a", "b c", 'x"y', "it's", "\\", "a|b", "(", "2024-01-01", "\n"]),
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.sampled_from(["a", "fail", "must_be"]), SCALARS, max_size=2)
MORE = ["where", "filter", "row_condition", "mostly", "strict_min", "ignore_row_if", "config", "arguments", "threshold", "fail", "column"]


@st.composite
def changed(draw: st.DrawFn, arguments: dict[str, Any]) -> Any:
    """The arguments of a case, one of which is left out or has another value, or with one more."""
    name = draw(st.sampled_from([*arguments, *MORE]))
    kept = {k: v for k, v in arguments.items() if k != name}
    return draw(st.sampled_from([arguments, kept]) | VALUES.map(lambda value: {**kept, name: value}) | VALUES)


def some(written: list[tuple[str, dict[str, Any]]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some of the checks of the cases, with changed arguments."""
    return st.lists(st.sampled_from(written).flatmap(lambda case: changed(case[1]).map(lambda arguments: {case[0]: arguments})), max_size=4)


EXPECTATIONS = some([(name, arguments) for name, arguments, _ in cases(HERE / "great_expectations.yaml")])
TESTS = some([(name, arguments) for name, _, arguments, _ in cases(HERE / "dbt.yaml")])
SODA = cases(HERE / "soda.yaml")
CHECKS = some([(text, config) for text, config, _ in SODA["checks"]])
IN_CONTRACT = some(
    [(k, v or {}) for part in (SODA["contract"], *SODA["contract"]["columns"]) for check in part["checks"] for k, v in check.items()]
)
CODES = st.tuples(
    st.sampled_from([code for code, _ in cases(HERE / "deequ.yaml")]), st.integers(0, 40), st.sampled_from(["", '"', "(", "a", "_ > 1"])
)


def suite(checks: list[dict[str, Any]]) -> Any:
    return {"expectations": [{"type": name, "kwargs": kwargs} for check in checks for name, kwargs in check.items()]}


FILES = st.one_of(
    EXPECTATIONS.map(suite),
    st.tuples(TESTS | VALUES, SCALARS).map(
        lambda t: {"models": [{"name": "m", "columns": [{"name": t[1], "tests": t[0]}, {"name": "a", "tests": t[0]}]}]}
    ),
    (CHECKS | VALUES).map(lambda checks: {"checks for t": checks}),
    st.tuples(IN_CONTRACT | VALUES, IN_CONTRACT | VALUES, SCALARS).map(
        lambda t: {"dataset": "d", "checks": t[0], "columns": [{"name": name, "checks": t[1]} for name in (t[2], "a")]}
    ),
    CODES.map(lambda c: {"constraint_suggestions": [{"code_for_constraint": c[0][: c[1]] + c[2] + c[0][c[1] :]}]}),
)


@given(FILES)
def test_any_file_becomes_rules_and_reasons(content: Any) -> None:
    made = converted_checks("file", content)
    assert made is not None
    assert all(bool(item.rules) != bool(item.reason) for item in made.items)
    if any(item.rules for item in made.items):
        assert [m for m in lint(str(made)) if m.severity == "error"] == []
        assert len(made.ruleset.rules) == sum(len(item.rules) for item in made.items)
