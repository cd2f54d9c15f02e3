"""One file per step: what it learns, and the columns or rows it makes. `STEPS` is the shelf, in the order in which pages list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.shelf import Shelf

if TYPE_CHECKING:
    from tilth.steps.step import Step

STEPS: Shelf[type[Step]] = Shelf(
    "step",
    "steps",
    {
        "select": "tilth.steps.clean.select:Select",
        "move": "tilth.steps.clean.move:Move",
        "cast": "tilth.steps.clean.cast:Cast",
        "parse": "tilth.steps.clean.parse:Parse",
        "unnest": "tilth.steps.clean.unnest:Unnest",
        "nest": "tilth.steps.clean.nest:Nest",
        "null_if": "tilth.steps.clean.null_if:NullIf",
        "map": "tilth.steps.clean.map:Map",
        "flag": "tilth.steps.clean.flag:Flag",
        "filter": "tilth.steps.rows.filter:Filter",
        "dedupe": "tilth.steps.rows.dedupe:Dedupe",
        "join": "tilth.steps.rows.join:Join",
        "concat": "tilth.steps.rows.concat:Concat",
        "sql": "tilth.steps.rows.sql:Sql",
        "sort": "tilth.steps.rows.sort:Sort",
        "sample": "tilth.steps.rows.sample:Sample",
        "resample": "tilth.steps.time.resample:Resample",
        "aggregate": "tilth.steps.rows.aggregate:Aggregate",
        "pivot": "tilth.steps.rows.pivot:Pivot",
        "unpivot": "tilth.steps.rows.unpivot:Unpivot",
        "explode": "tilth.steps.rows.explode:Explode",
        "window": "tilth.steps.time.window:Window",
        "formula": "tilth.steps.clean.formula:Formula",
        "impute": "tilth.steps.clean.impute:Impute",
        "outliers": "tilth.steps.clean.outliers:Outliers",
        "scale": "tilth.steps.scale.scale:Scale",
        "normalize": "tilth.steps.scale.normalize:Normalize",
        "power": "tilth.steps.scale.power:PowerTransform",
        "quantile": "tilth.steps.scale.quantile:QuantileTransform",
        "discretize": "tilth.steps.scale.discretize:Discretize",
        "reduce": "tilth.steps.scale.reduce:Reduce",
        "encode": "tilth.steps.encode.encode:Encode",
        "group_rare": "tilth.steps.encode.group_rare:GroupRare",
        "featurize": "tilth.steps.time.featurize:Featurize",
        "vectorize": "tilth.steps.text.vectorize:Vectorize",
        "redact": "tilth.steps.protect.redact:Redact",
        "python": "tilth.steps.python:Python",
        "transform": "tilth.steps.transform:Transform",
        "predict": "tilth.steps.predict:Predict",
        "split": "tilth.steps.rows.split:Split",
        "shuffle": "tilth.steps.rows.shuffle:Shuffle",
        "balance": "tilth.steps.balance.balance:Balance",
        "softmax": "tilth.steps.output.softmax:Softmax",
        "log_softmax": "tilth.steps.output.softmax:LogSoftmax",
        "sigmoid": "tilth.steps.output.activation:Sigmoid",
        "log_sigmoid": "tilth.steps.output.activation:LogSigmoid",
        "logit": "tilth.steps.output.activation:Logit",
        "tanh": "tilth.steps.output.activation:Tanh",
        "relu": "tilth.steps.output.activation:Relu",
        "elu": "tilth.steps.output.activation:Elu",
        "softplus": "tilth.steps.output.activation:Softplus",
        "temperature": "tilth.steps.output.activation:Temperature",
        "argmax": "tilth.steps.output.argmax:Argmax",
        "threshold": "tilth.steps.output.threshold:Threshold",
        "prior": "tilth.steps.output.prior:Prior",
    },
)
