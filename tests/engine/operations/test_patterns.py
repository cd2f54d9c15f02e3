"""Matching texts: what Spark does with texts that its recursion could not bear."""

import pyarrow as pa
import pytest

from tilth.data import Dataset, Memory
from tilth.engine.expressions import col, lit
from tilth.engine.operations.patterns import FullMatches
from tilth.engine.session import everything
from tilth.errors import MachineError, RequestError
from tilth.regex import Regex

PATTERN = "(?:ab|ac)*"


def asked(engine, *texts):
    table = pa.table({"s": pa.array(texts, pa.string())})
    data = Dataset(Memory(table, ("s",), id(table))).change({"s": FullMatches.of(col("s"), lit(PATTERN))})
    return [row[0] for row in engine.rows(data, everything())]


@pytest.mark.spark
def test_a_text_too_long_for_javas_stack_is_an_error_rather_than_the_end_of_the_application(spark):
    from tilth.engine.spark import Spark

    longest = Regex.parse(PATTERN).full().spark_longest
    assert longest is not None
    engine = Spark(spark).session()
    assert asked(engine, "abac", None, "b", "ab" * (longest // 2)) == [True, None, False, True]
    with pytest.raises((MachineError, RequestError), match="strings of at most"):
        asked(engine, "ab" * longest)
