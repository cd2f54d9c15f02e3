"""What every named operation rests on."""

from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from tilth.engine.expressions import and_, col, double, gt, if_else, in_, is_null, lit, not_, not_null, own, sub, text
from tilth.engine.operations import operation
from tilth.engine.operations.aggregates import Middle, TopKeys
from tilth.engine.operations.casts import EmptyToNull, FitsForm
from tilth.errors import MachineError


def test_a_compiled_sqlglot_is_refused_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TypeError("interpreted classes cannot inherit from compiled")

    monkeypatch.setattr(exp.Expression, "__init__", refuse)
    spec = spec_from_file_location("operation_again", operation.__file__)
    assert spec
    assert spec.loader
    with pytest.raises(MachineError, match="pip uninstall sqlglotc"):
        spec.loader.exec_module(module_from_spec(spec))


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
@pytest.mark.parametrize("aggregate", [Middle.of(col("x")), *(TopKeys.of(col("x"), col("n"), lit(most)) for most in (5, 500_001))], ids=str)
def test_a_condition_reaches_the_aggregate_within(aggregate: operation.Operation, engine: operation.EngineName) -> None:
    condition = exp.Where(this=gt(col("only"), lit(0)))
    assert "only" in operation.lower(exp.Filter(this=aggregate, expression=condition), engine)


def test_spark_is_spared_what_its_parser_reads_twice() -> None:
    tree = exp.Case(ifs=[exp.If(this=exp.Paren(this=exp.Paren(this=gt(col("x"), lit(0)))), true=exp.Paren(this=col("y")))])
    assert operation.lower(tree, "spark") == "IF(`x` > 0, `y`, NULL)"
    product = exp.Mul(this=exp.Paren(this=exp.Add(this=col("x"), expression=lit(1))), expression=lit(2))
    assert operation.lower(product, "spark") == "(`x` + 1) * 2"
    assert operation.lower(and_(is_null(col("x")), not_null(col("y"))), "spark") == "(`x` IS NULL AND NOT `y` IS NULL)"
    assert operation.lower(double(sub(sub(col("x"), lit(1)), double(col("y")))), "spark") == "(`x` - 1 - `y`::DOUBLE)::DOUBLE"
    assert operation.lower(EmptyToNull.of(text(col("x"))), "spark") == "NULLIF(`x`::STRING, '')"
    fits = FitsForm.of(col("x"), lit("[0-9]"))  # an operation that is written with an operator
    assert "CAST(`x` RLIKE " in operation.lower(EmptyToNull.of(text(fits)), "spark")


def plain(node: Any) -> Any:
    """A tree as nested tuples, without parentheses and with one spelling of casts and conditions."""
    match node:
        case exp.Paren():
            return plain(node.this)
        case exp.Cast():
            return "cast", plain(node.this)
        case exp.Case(args={"ifs": [only], "default": default}):
            return "if", plain(only.this), plain(only.args["true"]), plain(default)
        case exp.If():
            return "if", *(plain(node.args[name]) for name in ("this", "true", "false"))
        case exp.Column() | exp.Literal():
            return node.name
    return type(node), *(plain(part) for part in node.iter_expressions())


BINARY = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.EQ, exp.LT, exp.And, exp.Or)
TREES = st.recursive(
    st.sampled_from(["x", "y"]).map(col) | st.sampled_from([2, -1, 0.5]).map(lit),
    lambda trees: st.one_of(
        st.builds(lambda kind, a, b: exp.Paren(this=kind(this=own(a), expression=b.copy())), st.sampled_from(BINARY), trees, trees),
        *(trees.map(build) for build in (double, lambda x: in_(x, [1, 2]))),
        *(trees.map(lambda x, build=build: exp.Paren(this=build(x))) for build in (not_, is_null)),
        st.builds(if_else, trees, trees, trees),
    ),
    max_leaves=20,
)


@given(TREES)
def test_what_spark_reads_without_parentheses_is_the_tree(tree: Any) -> None:
    """Read by sqlglot, whose operators bind as Spark's do."""
    written = operation.lower(exp.Select(expressions=[tree.copy()]), "spark")
    assert plain(parse_one(written, dialect="spark").expressions[0]) == plain(tree), written
