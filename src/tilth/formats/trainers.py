"""The table of training programs and the files that they read. It is checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tilth.data import Dataset
from tilth.engine.expressions import col, is_null
from tilth.engine.session import Session
from tilth.engine.statistics import count, lowest
from tilth.errors import ColumnError, Mistake, RequestError, did_you_mean, listed, unknown, warn
from tilth.formats.format import by_name
from tilth.report.blocks import counted
from tilth.store.local import suffix_of

CSV, LIBSVM, PARQUET, PROTOBUF = "sagemaker_csv", "libsvm", "sagemaker_parquet", "recordio_protobuf"
AWS: Mapping[str, Any] = {"dtype": "float32"}  # SageMaker's algorithms read 32-bit floats


@dataclass(frozen=True)
class Trainer:
    """The files that a training program reads.

    `formats`: format → the options that its files must have; the first format is the default. `label`: whether its files have a label.
    `weights`: format → the hyperparameter that makes the program use weights. `missing`: whether it accepts missing values. `counts`:
    whether its features are counts, such as word counts.
    """

    formats: Mapping[str, Mapping[str, Any]]
    label: bool = True
    weights: Mapping[str, str] = field(default_factory=dict)
    missing: bool = False
    counts: bool = False


UNSUPERVISED = Trainer({PROTOBUF: AWS, CSV: {}}, label=False)
SUPERVISED = replace(UNSUPERVISED, label=True)
TRAINERS: Mapping[str, Trainer] = {  # SageMaker's own algorithms
    "xgboost": Trainer(
        {CSV: {}, LIBSVM: {"absent": "missing", "zero_based": True}, PARQUET: {}, PROTOBUF: AWS},
        weights={CSV: "csv_weights=1", LIBSVM: ""},
        missing=True,
    ),
    "linear_learner": SUPERVISED,
    "knn": SUPERVISED,
    "factorization_machines": Trainer({PROTOBUF: AWS}),
    "kmeans": UNSUPERVISED,
    "pca": UNSUPERVISED,
    "random_cut_forest": UNSUPERVISED,
    "lda": replace(UNSUPERVISED, counts=True),
    "ntm": replace(UNSUPERVISED, counts=True),
}


def trainer_named(name: str) -> Trainer:
    """The trainer with a name. Errors: `RequestError` with the nearest name."""
    RequestError.reject(unknown([name], TRAINERS, "there is no trainer {}", "unknown-trainer"))
    return TRAINERS[name]


def format_for(name: str, place: str = "") -> str:
    """The format for a trainer: the one with the place's suffix, otherwise the trainer's default."""
    formats = trainer_named(name).formats
    return next((f for f in formats if suffix_of(place) in by_name(f).suffixes), next(iter(formats)))


def mismatches(name: str, form: str, options: Mapping[str, Any]) -> Iterator[Mistake]:
    """Why a trainer cannot read files of a format with the given options."""
    known = trainer_named(name).formats
    if form not in known:
        hint = did_you_mean(form, known) or f"leave `format` out for {next(iter(known))}"
        yield Mistake(f"{name} does not read {form}", accepted=listed(known), hint=hint, code="wrong-format")
        return
    for option, needed in known[form].items():
        if options.get(option, needed) != needed:
            message = f"{name} does not read {form} with {option} {options[option]!r}"
            yield Mistake(message, accepted=f"{option}: {needed}", code="wrong-format")
    if options.get("on_magic") == "split":
        hint = "leave `on_magic` out: such records are then shifted, which every reader understands"
        yield Mistake(f"{name} does not read records that are split", accepted="avoid, raw or error", hint=hint, code="wrong-format")


def options_for(name: str, form: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The given options, and those that a trainer needs. Errors: `RequestError` if they contradict each other."""
    RequestError.reject(mismatches(name, form, options))
    return {**trainer_named(name).formats[form], **options}


def table_for(name: str, form: str, data: Dataset, engine: Session) -> Dataset:
    """The columns that a trainer reads, after a check of the values.

    A label is left out if the trainer learns without one. Weights that it does not read are left out with a warning. Errors: `ColumnError`
    for a missing label, and for the columns with missing values or negative counts if the trainer does not accept them.
    """
    trainer, roles = trainer_named(name), data.roles
    if trainer.label and roles.label not in data.names:
        hint = "say which column it is: `data: {roles: {label: …}}`"
        raise ColumnError(f"{name} learns from a label, and the table has none", hint=hint, code="no-label")
    gone = [] if trainer.label else [roles.label]
    if roles.weight in data.names and form not in trainer.weights:
        gone.append(roles.weight)
        warn(f"{name} reads no weights from {form}; column {roles.weight!r} is left out")
    elif roles.weight in data.names and trainer.weights[form]:
        warn(f"{name} takes column {roles.weight!r} for a feature without its hyperparameter {trainer.weights[form]}")
    data = data.keep(c for c in data.names if c not in gone)
    label, weight = (None if c in gone else c for c in (roles.label, roles.weight))
    data = replace(data, roles=replace(roles, label=label, weight=weight, positive=roles.positive if label else ()))
    ColumnError.reject(_unfit(name, trainer, data, engine))
    return data


def _unfit(name: str, trainer: Trainer, data: Dataset, engine: Session) -> Iterator[Mistake]:
    schema = engine.schema(data)
    features = [c for c in data.roles.features(schema) if schema[c].kind.numeric]
    label = data.roles.label
    labels = [label] if label is not None and label in schema else []
    nulls = {c: count(is_null(col(c))) for c in [*labels, *([] if trainer.missing else features)]}
    least = {c: lowest(col(c)) for c in features} if trainer.counts else {}
    found = engine.answer(data, [*nulls.values(), *least.values()])
    for column, asked in nulls.items():
        if found[asked]:
            what = counted(found[asked], "missing label" if column in labels else "missing value")
            hint = "filter out these rows in `rows`" if column in labels else f"add `impute: {column}` to `features`"
            yield Mistake(f"column {column!r} has {what}, and {name} takes none", hint=hint, code="missing-values")
    for column, asked in least.items():
        if found[asked] is not None and found[asked] < 0:
            hint = "its features are counts, as `vectorize` makes them of texts"
            yield Mistake(f"column {column!r} has negative numbers, and {name} takes none", hint=hint, code="negative")
