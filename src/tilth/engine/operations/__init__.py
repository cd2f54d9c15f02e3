"""The one table of differences between engines: named operations, each with a rendering per engine."""

from tilth.engine.operations.aggregates import (
    CentralMoment2,
    CoMoment,
    CountIf,
    DiscreteQuantile,
    ExactSum,
    GroupEntropy,
    MostFrequentKey,
    Quantile,
    SumOrZero,
    TopKeys,
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
from tilth.engine.operations.hashing import HashText, canonical_text, has_text, key_hash, key_text, threshold
from tilth.engine.operations.lookups import Lookup, lookup
from tilth.engine.operations.numbers import Divide, DoubleToInteger, Finite, IsNan, NanToNull, NoNegativeZero, Round, clipped, integer
from tilth.engine.operations.operation import EngineName, Operation, call, lower, lowered
from tilth.engine.operations.rows import Copies, Refuse
from tilth.engine.operations.texts import BlankToNull, LowerAscii, OneOf, Trim
from tilth.engine.operations.times import Micros, from_micros

__all__ = [
    "BlankToNull",
    "CentralMoment2",
    "CoMoment",
    "Copies",
    "CountIf",
    "DiscreteQuantile",
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
    "Lookup",
    "LowerAscii",
    "Micros",
    "MostFrequentKey",
    "NanToNull",
    "NoNegativeZero",
    "OneOf",
    "Operation",
    "Quantile",
    "Refuse",
    "Round",
    "SumOrZero",
    "TextToBoolean",
    "TextToDate",
    "TextToDouble",
    "TextToInstant",
    "TextToInteger",
    "TextToText",
    "TextToTimestamp",
    "TopKeys",
    "Trim",
    "call",
    "canonical_text",
    "clipped",
    "from_micros",
    "has_text",
    "integer",
    "key_hash",
    "key_text",
    "lookup",
    "lower",
    "lowered",
    "threshold",
]
