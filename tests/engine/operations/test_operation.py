"""What every named operation rests on."""

from importlib.util import module_from_spec, spec_from_file_location

import pytest
from sqlglot import exp

from tilth.engine.expressions import col, gt, lit
from tilth.engine.operations import operation
from tilth.engine.operations.aggregates import Middle, TopKeys
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
