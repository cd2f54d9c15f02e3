"""The one table of differences between engines: named operations, each with a rendering per engine."""

from tilth.engine.operations.aggregates import (
    CentralMoment2,
    CoMoment,
    CountIf,
    ExactSum,
    GroupEntropy,
    MostFrequentKey,
    Quantile,
    SumOrZero,
)
from tilth.engine.operations.hashing import HashText, threshold
from tilth.engine.operations.numbers import Divide, DoubleToInteger, Finite, IsNan, NanToNull, NoNegativeZero, Round, clipped, integer
from tilth.engine.operations.operation import EngineName, Operation, call, lower, lowered
from tilth.engine.operations.texts import LowerAscii, Trim

__all__ = [
    "CentralMoment2",
    "CoMoment",
    "CountIf",
    "Divide",
    "DoubleToInteger",
    "EngineName",
    "ExactSum",
    "Finite",
    "GroupEntropy",
    "HashText",
    "IsNan",
    "LowerAscii",
    "MostFrequentKey",
    "NanToNull",
    "NoNegativeZero",
    "Operation",
    "Quantile",
    "Round",
    "SumOrZero",
    "Trim",
    "call",
    "clipped",
    "integer",
    "lower",
    "lowered",
    "threshold",
]
