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
from tilth.engine.operations.casts import (
    FitsForm,
    IsToken,
    TextToBoolean,
    TextToDate,
    TextToDouble,
    TextToInstant,
    TextToInteger,
    TextToText,
    TextToTimestamp,
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
    "FitsForm",
    "GroupEntropy",
    "HashText",
    "IsNan",
    "IsToken",
    "LowerAscii",
    "MostFrequentKey",
    "NanToNull",
    "NoNegativeZero",
    "Operation",
    "Quantile",
    "Round",
    "SumOrZero",
    "TextToBoolean",
    "TextToDate",
    "TextToDouble",
    "TextToInstant",
    "TextToInteger",
    "TextToText",
    "TextToTimestamp",
    "Trim",
    "call",
    "clipped",
    "integer",
    "lower",
    "lowered",
    "threshold",
]
