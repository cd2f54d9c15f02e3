"""Converts fitted pipelines of Spark ML, read from the folder in which Spark saves them: metadata in JSON, learned values in Parquet.

Stages of Spark add columns, and many of these are vectors. Here a vector is a list of columns, so assembling one needs no step. Columns
that another stage reads are intermediate; the others are the output of the pipeline.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from tilth.data import Kind
from tilth.engine.user_sql.projections import computed_columns
from tilth.errors import ExpressionError, RequestError, first_line
from tilth.metrics.text.words import Words
from tilth.pipelines.plan import Feature, Plan, Unsupported, step_of
from tilth.steps.clean.formula import Formula
from tilth.steps.clean.impute import Impute
from tilth.steps.encode.encode import Encode
from tilth.steps.naming import names_of
from tilth.steps.scale.discretize import MOST_EDGES, Discretize
from tilth.steps.scale.normalize import Normalize
from tilth.steps.scale.reduce import MOST_TERMS, Reduce
from tilth.steps.scale.scale import Scale
from tilth.steps.text.vectorize import MOST_COLUMNS, Vectorize

PIPELINE = "org.apache.spark.ml.PipelineModel"
FEATURES = "org.apache.spark.ml.feature."
WORD_PATTERNS = (r"\b\w\w+\b", r"\w\w+", r"\w{2,}", r"\b\w{2,}\b")
MOST_STAGES = 1_000
NOT_LEARNED = "a value of training is constant: there it becomes a constant, whatever it is later"


@dataclass(frozen=True)
class SavedStage:
    """A stage as Spark saves it: its class, its parameters, and what it has learned."""

    kind: str
    parameters: Mapping[str, Any]
    learned: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its class, without its package."""
        return self.kind.rpartition(".")[2]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self._columns("inputCol", "inputCols", "featuresCol")

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns that it makes."""
        return self._columns("outputCol", "outputCols")

    def _columns(self, *names: str) -> tuple[str, ...]:
        several = next((self.parameters[name] for name in names if name.endswith("s") and self.parameters.get(name)), None)
        one = next((self.parameters[name] for name in names if not name.endswith("s") and self.parameters.get(name)), None)
        return tuple(several) if several is not None else () if one is None else (one,)


@dataclass(frozen=True)
class Tokens:
    """The words of a column of texts."""

    text: Feature
    words: Words


@dataclass(frozen=True)
class Counts:
    """Word counts, which become a step when their weighting is known."""

    tokens: Tokens
    vocabulary: tuple[str, ...]


Value = Feature | list[Feature] | Tokens | Counts
"""The counterpart of a Spark column: a column, a vector, words, or their counts."""


# ── a saved pipeline ──


def saved_stages(path: Path) -> list[SavedStage]:
    """The stages of a saved pipeline, or the one that was saved alone. Errors: `RequestError`."""
    try:
        stage = _stage(path)
        if stage.kind != PIPELINE:
            return [stage]
        uids = stage.parameters["stageUids"]
        if len(uids) > MOST_STAGES:
            raise RequestError(f"{str(path)!r} has {len(uids)} stages", accepted=f"up to {MOST_STAGES:,}", code="too-large")
        width = len(str(len(uids)))
        return [s for i, uid in enumerate(uids) for s in saved_stages(path / "stages" / f"{i:0{width}}_{uid}")]
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        message, hint = f"{str(path)!r} is not a pipeline that Spark ML has saved: {first_line(error)}", "save it: `model.save(PLACE)`"
        raise RequestError(message, hint=hint, code="not-convertible") from error


def _stage(path: Path) -> SavedStage:
    (file, *_) = sorted((path / "metadata").glob("part-*"))
    described = json.loads(file.read_text("utf-8").splitlines()[0])
    kind = described["class"]
    if not isinstance(kind, str):
        raise ValueError("its class is not a string")
    learned: dict[str, Any] = {}
    if kind != PIPELINE and kind.startswith(FEATURES) and kind.endswith("Model"):
        rows = [row for part in sorted((path / "data").glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
        learned = rows[0] if len(rows) == 1 else {"rows": rows}
    return SavedStage(kind, {**described.get("defaultParamMap", {}), **described["paramMap"]}, learned)


def _numbers(vector: Mapping[str, Any]) -> list[float]:
    """The numbers of a vector as Spark saves it: dense, or those that are not 0 with their places."""
    if vector["type"] == 1:
        return list(map(float, vector["values"]))
    found = [0.0] * vector["size"]
    for i, x in zip(vector["indices"], vector["values"], strict=True):
        found[i] = float(x)
    return found


# ── the plan ──


class Reading:
    """A pipeline on its way to a plan: what each column of Spark is."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.plan, self.values, self.given = Plan({}), dict[str, Value](), kinds
        self.left_out: list[str] = []
        self.read: set[str] = set()

    def value(self, column: str) -> Value:
        """The counterpart of a Spark column; a column that no stage has made is read from the data."""
        self.read.add(column)
        if column not in self.values:
            if any(column in stage for stage in self._lost):
                raise Unsupported(f"it reads {column!r}, of a stage that was not converted")
            self.values[column] = self._as_read(column)
        return self.values[column]

    _lost: tuple[tuple[str, ...], ...] = ()

    def lose(self, stage: SavedStage, source: str, why: str) -> None:
        """Note that a stage is not converted."""
        self._lost = (*self._lost, stage.outputs)
        self.left_out.append(f"{source}: {why}")

    def _as_read(self, column: str) -> Feature:
        self.plan.kinds[column] = self.given.get(column)
        self.plan.taken.add(column.casefold())
        self.plan.there[column] = True
        return Feature(column)

    def one(self, column: str, kind: Kind) -> Feature:
        """A column that is not a vector. Errors: `Unsupported`."""
        value = self.value(column)
        if not isinstance(value, Feature):
            raise Unsupported(f"{column!r} is not a plain column")
        self.plan.read_as([value], kind)
        return value

    def vector(self, column: str, source: str) -> list[Feature]:
        """The columns of a vector, or one column alone. Errors: `Unsupported`."""
        value = self.value(column)
        if isinstance(value, Tokens):
            raise Unsupported(f"{column!r} holds words")
        if isinstance(value, Counts):
            value = self.values[column] = counted(self, value, column, source)
        features = [value] if isinstance(value, Feature) else value
        self.plan.read_as(features, Kind.FLOAT)
        return features


def planned(stages: Sequence[SavedStage], kinds: Mapping[str, Kind]) -> tuple[Plan, tuple[str, ...], tuple[str, ...]]:
    """The plan for a saved pipeline, the names of its output columns, and what is left out.

    Errors: `RequestError` if nothing can be converted.
    """
    s = Reading(kinds)
    for i, stage in enumerate(stages, 1):
        source = f"stage {i}, {stage.name}"
        earlier = s.plan.copy()
        try:
            convert = STAGES.get(stage.name) if stage.kind.startswith(FEATURES) else None
            if convert is None:
                raise Unsupported(_why_not(stage))
            convert(s, stage, source)
        except Unsupported as why:
            kept = {c: k for c, k in s.plan.kinds.items() if c in s.values}
            s.plan.restore(earlier)
            for column in kept.keys() - s.plan.kinds.keys():
                s._as_read(column)
            s.lose(stage, source, str(why))
    outputs = [c for stage in stages for c in stage.outputs if c in s.values and c not in s.read]
    outputs += [c for c in s.values if c not in s.read and c not in outputs and c not in s.plan.kinds]
    made: list[Feature] = []
    names: list[str] = []
    for column in outputs:
        if isinstance(s.values[column], Tokens):
            s.left_out.append(f"column {column!r}: words are not a column of numbers")
            continue
        value = s.values[column]
        features = s.vector(column, f"column {column}") if not isinstance(value, Feature) else [value]
        made += features
        names += [column] if isinstance(value, Feature) else [f"{column}_{i}" for i in range(len(features))]
    if not made:
        reasons = "; ".join(s.left_out) or "it has no stage that makes a column"
        raise RequestError(f"nothing of the pipeline can be converted: {reasons}", code="not-convertible")
    kept_columns = s.plan.used | {f.name for f in made}
    s.plan.kinds = {c: kind or Kind.FLOAT for c, kind in s.plan.kinds.items() if kind or c in kept_columns}
    return s.plan, s.plan.finish("the columns that it makes", made, names), tuple(s.left_out)


def _why_not(stage: SavedStage) -> str:
    if not stage.kind.startswith(FEATURES):
        return "it is a model, not a stage that prepares; train one on what the flow makes, and add the step `predict`"
    return REASONS.get(stage.name, "no step does the same")


REASONS = {
    "Tokenizer": "words here are runs of two or more letters, digits and _; use RegexTokenizer(pattern='\\\\w\\\\w+', gaps=False)",
    "HashingTF": "its hash is another one; use CountVectorizer",
}


# ── stages ──


def of_imputer(s: Reading, stage: SavedStage, source: str) -> None:
    """`impute`."""
    if str(stage.parameters["missingValue"]) != "NaN":
        raise Unsupported(f"missing is {stage.parameters['missingValue']} to it, not null")
    features = [s.one(c, Kind.FLOAT) for c in stage.inputs]
    learned = [{"fill": float(stage.learned[c])} for c in stage.inputs]
    made = s.plan.one_by_one(source, features, stage.outputs, partial(step_of, Impute, with_=stage.parameters["strategy"]), learned)
    s.values |= dict(zip(stage.outputs, made, strict=True))


def of_string_indexer(s: Reading, stage: SavedStage, source: str) -> None:
    """`encode: {with: ordinal}`, and `impute` if missing values are kept."""
    invalid = stage.parameters["handleInvalid"]
    order = stage.parameters["stringOrderType"]
    notes = ["rows with unknown values stay, as null"] if invalid == "skip" else []
    notes += [] if order in ("frequencyDesc", "alphabetAsc") else ["learned anew, the most frequent category is the first"]
    for column, out, labels in zip(stage.inputs, stage.outputs, stage.learned["labelsArray"], strict=True):
        if any(not label.strip() for label in labels):
            raise Unsupported("a blank string is one of its labels, which is missing here")
        feature = s.one(column, Kind.STRING)
        unseen, missing = {"error": ("error", "error"), "skip": ("null", "null"), "keep": ("slot", "null")}[invalid]
        make = partial(
            step_of, Encode, with_="ordinal", unseen=unseen, missing=missing, order="value" if order == "alphabetAsc" else "frequency"
        )
        (made,) = s.plan.one_by_one(source, [feature], [out], make, [{"categories": list(labels)}], *notes)
        if invalid == "keep":
            s.plan.one_by_one(
                source, [made], [made.name], partial(step_of, Impute, with_="constant", value=len(labels)), [{"fill": len(labels)}]
            )
        s.values[out] = made


def of_one_hot(s: Reading, stage: SavedStage, source: str) -> None:
    """`encode: {with: one_hot}` of the categories' numbers."""
    keep, drop_last = stage.parameters["handleInvalid"] == "keep", bool(stage.parameters["dropLast"])
    for column, out, size in zip(stage.inputs, stage.outputs, stage.learned["categorySizes"], strict=True):
        feature = s.one(column, Kind.INTEGER)
        categories = list(range(size))
        names: list[str | None] = list(names_of(out, categories))
        if drop_last and not keep:
            names[-1] = None
        slot = f"{out}_other" if keep and not drop_last else None
        step = Encode("", unseen="slot" if keep else "error", missing="zeros" if keep else "error", categories=tuple(categories))

        def state(fresh: list[str | None], slot: str | None = slot, categories: list[int] = categories) -> Mapping[str, Any]:
            return {"categories": categories, "names": fresh[: len(categories)], **({"unseen": fresh[-1]} if slot else {})}

        notes = ["fitted anew, the last category has a column, too"] if drop_last else []
        notes += ["a missing value gives zeros"] if keep and not drop_last else []
        wanted = [*names, *([slot] if slot else [])]
        s.values[out] = s.plan.encoded(source, [feature], [wanted], [replace(step, into=out)], [state], *notes, lasting=True)


def of_assembler(s: Reading, stage: SavedStage, source: str) -> None:
    """No step: a vector is a list of columns."""
    s.values[stage.outputs[0]] = [f for c in stage.inputs for f in s.vector(c, source)]


def of_slicer(s: Reading, stage: SavedStage, source: str) -> None:
    """No step: some of the columns of a vector."""
    features = s.vector(stage.inputs[0], source)
    places = stage.learned.get("selectedFeatures", stage.parameters.get("indices"))
    if stage.parameters.get("names") or places is None:
        raise Unsupported("it chooses by names, which the saved pipeline does not have")
    s.values[stage.outputs[0]] = [features[i] for i in places]


def _of_vector(s: Reading, stage: SavedStage, source: str, make: Any, learned: Sequence[Mapping[str, Any] | float], *notes: str) -> None:
    """A step for each column of a vector, or a constant if the learned number makes it one."""
    features, out = s.vector(stage.inputs[0], source), stage.outputs[0]
    names = [f"{out}_{f.name}" for f in features]
    changed = [i for i, state in enumerate(learned) if not isinstance(state, float)]
    states = [state for state in learned if not isinstance(state, float)]
    made = dict(
        zip(
            changed,
            s.plan.one_by_one(source, [features[i] for i in changed], [names[i] for i in changed], make, states, *notes),
            strict=True,
        )
    )
    for i, state in enumerate(learned):
        if isinstance(state, float):
            made[i] = s.plan.made(names[i])
            s.plan.add(Formula(made[i].name, repr(state)), {"": {}}, source, NOT_LEARNED)
    s.values[out] = [made[i] for i in range(len(features))]


def of_standard_scaler(s: Reading, stage: SavedStage, source: str) -> None:
    """`scale`."""
    _scaled(s, stage, source, ("mean", "std"), ("withMean", "withStd"), partial(step_of, Scale, ddof=1))


def of_robust_scaler(s: Reading, stage: SavedStage, source: str) -> None:
    """`scale: {with: robust}`."""
    quantiles = (float(stage.parameters["lower"]), float(stage.parameters["upper"]))
    make = partial(step_of, Scale, with_="robust", quantiles=quantiles)
    _scaled(s, stage, source, ("median", "range"), ("withCentering", "withScaling"), make, "learned anew, quantiles are exact")


def _scaled(
    s: Reading, stage: SavedStage, source: str, learned: tuple[str, str], does: tuple[str, str], make: Callable[..., Any], *notes: str
) -> None:
    """Numbers are centred, or divided by their width, or both: `learned` names what by, `does` the parameters that say whether."""
    center, scale = (bool(stage.parameters[name]) for name in does)
    if not (center or scale):
        s.values[stage.outputs[0]] = s.vector(stage.inputs[0], source)
        return
    pairs = zip(*(_numbers(stage.learned[name]) for name in learned), strict=True)
    states = [0.0 if scale and not w else {"centre": c if center else 0.0, "width": w if scale else 1.0} for c, w in pairs]
    _of_vector(s, stage, source, partial(make, center=center, scale=scale), states, *notes)


def of_min_max_scaler(s: Reading, stage: SavedStage, source: str) -> None:
    """`scale: {with: minmax}`."""
    low, high = float(stage.parameters["min"]), float(stage.parameters["max"])
    ends = zip(_numbers(stage.learned["originalMin"]), _numbers(stage.learned["originalMax"]), strict=True)
    learned = [{"centre": a, "width": (b - a) / (high - low), "shift": low} if a < b else (low + high) / 2 for a, b in ends]
    _of_vector(s, stage, source, partial(step_of, Scale, with_="minmax", low=low, high=high), learned)


def of_max_abs_scaler(s: Reading, stage: SavedStage, source: str) -> None:
    """`scale: {with: maxabs}`."""
    learned = [{"centre": 0.0, "width": w or 1.0} for w in _numbers(stage.learned["maxAbs"])]
    _of_vector(s, stage, source, partial(step_of, Scale, with_="maxabs"), learned)


def of_normalizer(s: Reading, stage: SavedStage, source: str) -> None:
    """`normalize`."""
    norms: dict[float, Literal["l1", "l2", "max"]] = {1.0: "l1", 2.0: "l2", math.inf: "max"}
    norm = norms.get(_double(stage.parameters["p"]))
    if norm is None:
        raise Unsupported("its norm is none of 1, 2 and infinity")
    given = s.vector(stage.inputs[0], source)
    features = s.plan.copies(source, given, [f"{stage.outputs[0]}_{f.name}" for f in given])
    columns = tuple(f.name for f in features)
    s.plan.add(Normalize(columns, with_=norm), {"": {"columns": list(columns)}}, source)
    s.values[stage.outputs[0]] = features


def of_components(s: Reading, stage: SavedStage, source: str) -> None:
    """`reduce`."""
    pc, out, features = stage.learned["pc"], stage.outputs[0], s.vector(stage.inputs[0], source)
    rows, count = pc["numRows"], pc["numCols"]
    if rows * count > MOST_TERMS:
        raise Unsupported(f"it has more than {MOST_TERMS:,} products for each row")
    values = list(map(float, pc["values"]))
    if pc["type"] != 1:
        raise Unsupported("its axes are saved as a sparse matrix")
    axes = [values[i::count] if pc["isTransposed"] else values[i * rows : (i + 1) * rows] for i in range(count)]
    columns = [f.name for f in features]
    made = [s.plan.made(f"{out}{i}") for i in range(1, count + 1)]
    if [f.name for f in made] != [f"{out}{i}" for i in range(1, count + 1)]:
        raise Unsupported(f"columns called {out}1 … are there already")
    state = {
        "columns": columns, "centres": [0.0] * rows, "axes": [x for axis in axes for x in axis],
        "explained": _numbers(stage.learned["explainedVariance"]),
    }  # fmt: skip
    step = Reduce(tuple(columns), with_="svd", n_components=count, prefix=out, keep=True)
    s.plan.add(step, {"": state}, source, "as Spark applies it, without the mean; learned anew, axes are those of uncentred numbers")
    s.values[out] = list(made)


def _double(value: Any) -> float:
    """A double as Spark writes it in JSON."""
    return float(str(value).replace("Inf", "inf"))


def of_bucketizer(s: Reading, stage: SavedStage, source: str) -> None:
    """`discretize: {with: edges}`."""
    several = stage.parameters.get("splitsArray") or [stage.parameters["splits"]]
    invalid = {"skip": "rows with a missing value stay, as null", "keep": "NaN, which has a bucket of its own there, is null"}
    for column, out, splits in zip(stage.inputs, stage.outputs, several, strict=True):
        low, *edges, high = map(_double, splits)
        if not edges or len(edges) > MOST_EDGES:
            raise Unsupported(f"it has one bucket, or more than {MOST_EDGES:,}")
        notes = ["values outside of all buckets are in the outer ones"] if math.isfinite(low) or math.isfinite(high) else []
        notes += [invalid[way] for way in [stage.parameters["handleInvalid"]] if way in invalid]
        feature = s.one(column, Kind.FLOAT)
        make = partial(step_of, Discretize, with_="edges", edges=tuple(edges))
        (made,) = s.plan.one_by_one(source, [feature], [out], make, [{"edges": edges}], *notes)
        s.values[out] = made


def of_binarizer(s: Reading, stage: SavedStage, source: str) -> None:
    """`discretize` with one edge."""
    edges = stage.parameters.get("thresholds") or [stage.parameters["threshold"]] * len(stage.inputs)
    for column, out, edge in zip(stage.inputs, stage.outputs, map(_double, edges), strict=True):
        features, vector = s.vector(column, source), not isinstance(s.value(column), Feature)
        make = partial(step_of, Discretize, with_="edges", edges=(edge,), closed="right")
        names = [f"{out}_{f.name}" for f in features] if vector else [out]
        made = s.plan.one_by_one(source, features, names, make, [{"edges": [edge]}] * len(features))
        s.values[out] = made if vector else made[0]


def of_sql(s: Reading, stage: SavedStage, source: str) -> None:
    """`formula` for each column that a SELECT computes."""
    try:
        computed = computed_columns(stage.parameters["statement"], "__THIS__")
    except ExpressionError as error:
        raise Unsupported(f"its statement is not one that a step has: {error.mistakes[0].message}") from error
    for name, expression, reads in computed:
        if other := [c for c in reads if not isinstance(value := s.value(c), Feature) or value.name != c]:
            raise Unsupported(f"it reads {other[0]!r}, which is not a plain column of that name here")
        if name.casefold() in s.plan.taken or name in s.values:
            raise Unsupported(f"it makes {name!r}, which is there already")
        s.values[name] = s.plan.made(name)
        s.plan.add(Formula(name, expression), {"": {}}, source)
        s.plan.used |= set(reads)


# ── texts ──


def of_regex_tokenizer(s: Reading, stage: SavedStage, source: str) -> None:
    """No step: how words are found."""
    p = stage.parameters
    usual = p["pattern"] in WORD_PATTERNS and p["minTokenLength"] <= 2
    if p["gaps"] or not (usual or (p["pattern"] == r"\w+" and p["minTokenLength"] == 2)):
        raise Unsupported("words here are runs of two or more letters, digits and _: pattern '\\\\w\\\\w+' with gaps=False")
    s.values[stage.outputs[0]] = Tokens(s.one(stage.inputs[0], Kind.STRING), Words(bool(p["toLowercase"])))


def of_stop_words(s: Reading, stage: SavedStage, source: str) -> None:
    """No step: words that are left out."""
    stops = tuple(sorted({w.lower() for w in stage.parameters["stopWords"]}))
    for column, out in zip(stage.inputs, stage.outputs, strict=True):
        tokens = s.value(column)
        if not isinstance(tokens, Tokens) or not tokens.words.lowercase or tokens.words.ngram_range != (1, 1):
            raise Unsupported("it is for words in lower case, one by one")
        s.values[out] = replace(tokens, words=replace(tokens.words, stop_words=tuple(sorted({*tokens.words.stop_words, *stops}))))


def of_sequences(s: Reading, stage: SavedStage, source: str) -> None:
    """No step: words that follow each other."""
    tokens, n = s.value(stage.inputs[0]), stage.parameters["n"]
    if not isinstance(tokens, Tokens) or tokens.words.ngram_range != (1, 1) or not 1 <= n <= 8:
        raise Unsupported("it is for words one by one, up to 8 together")
    s.values[stage.outputs[0]] = replace(tokens, words=replace(tokens.words, ngram_range=(n, n)))


def of_count_vectorizer(s: Reading, stage: SavedStage, source: str) -> None:
    """`vectorize`, when the weighting of the counts is known."""
    tokens, words = s.value(stage.inputs[0]), tuple(stage.learned["vocabulary"])
    if not isinstance(tokens, Tokens):
        raise Unsupported("it is for words that were found in a text")
    if stage.parameters["binary"] or stage.parameters["minTF"] != 1.0 or len(words) > MOST_COLUMNS:
        raise Unsupported(f"it counts rare words as none (`minTF`, `binary`), or has more than {MOST_COLUMNS:,}")
    s.values[stage.outputs[0]] = Counts(tokens, words)


def of_idf(s: Reading, stage: SavedStage, source: str) -> None:
    """`vectorize: {with: tfidf}`."""
    counts = s.value(stage.inputs[0])
    if not isinstance(counts, Counts):
        raise Unsupported("it weighs counts of CountVectorizer only")
    idf = _numbers(stage.learned["idf"])
    s.values[stage.outputs[0]] = counted(s, counts, stage.outputs[0], source, idf)


def counted(s: Reading, counts: Counts, out: str, source: str, idf: list[float] | None = None) -> list[Feature]:
    """The step that counts words, or weighs their counts."""
    words = counts.tokens.words
    made = [s.plan.made(name, lasting=False) for name in names_of(out, counts.vocabulary)]
    given: dict[str, Any] = {"lowercase": words.lowercase, "ngram_range": words.ngram_range, "stop_words": words.stop_words}
    given |= {} if idf is None else {"with_": "tfidf", "norm": "none"}
    step = Vectorize((counts.tokens.text.name,), into=out, max_features=max(len(made), 1), **given)
    state = {"words": list(counts.vocabulary), "names": [f.name for f in made], **({} if idf is None else {"idf": idf})}
    notes = [
        *(["learned anew, weights are 1 larger"] if idf is not None else []),
        "words are of all alphabets, there of A–Z",
        "runs as Python",
    ]
    s.plan.add(step, {counts.tokens.text.name: state}, source, *notes)
    return made


STAGES: Mapping[str, Callable[[Reading, SavedStage, str], None]] = {
    "ImputerModel": of_imputer,
    "StringIndexerModel": of_string_indexer,
    "OneHotEncoderModel": of_one_hot,
    "VectorAssembler": of_assembler,
    "VectorSlicer": of_slicer,
    "VarianceThresholdSelectorModel": of_slicer,
    "UnivariateFeatureSelectorModel": of_slicer,
    "ChiSqSelectorModel": of_slicer,
    "StandardScalerModel": of_standard_scaler,
    "RobustScalerModel": of_robust_scaler,
    "MinMaxScalerModel": of_min_max_scaler,
    "MaxAbsScalerModel": of_max_abs_scaler,
    "Normalizer": of_normalizer,
    "PCAModel": of_components,
    "Bucketizer": of_bucketizer,
    "Binarizer": of_binarizer,
    "SQLTransformer": of_sql,
    "RegexTokenizer": of_regex_tokenizer,
    "StopWordsRemover": of_stop_words,
    "NGram": of_sequences,
    "CountVectorizerModel": of_count_vectorizer,
    "IDFModel": of_idf,
}
