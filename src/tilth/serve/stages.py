"""The stages of a pipeline: prepare a row, predict, transform the prediction. Each takes rows and returns rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import PurePath
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Change, Column, Dataset, Kind, Memory, Schema
from tilth.engine.chosen import session_of
from tilth.engine.python_operation import python_allowed
from tilth.engine.row import row_function
from tilth.engine.session import everything
from tilth.errors import ArtefactError, Mistake, NotAllowed, RequestError, TilthError, listed, unknown
from tilth.flow import Flow
from tilth.flow.artefact import flow_bytes, flow_in
from tilth.flow.estimator import features_of
from tilth.flow.flow import UNFIT
from tilth.flow.golden import differences
from tilth.flow.serving import made_by, read_for
from tilth.measures.model_file import FORMS, PROGRAMS, model_bytes, unread_hint
from tilth.serve.bodies.rows import BadRows, Columns, Row
from tilth.serve.predictions import MOST_NAMED, PYTHON, Called, Prediction, matrix, source_of
from tilth.serve.remote import Remote, is_stage_address
from tilth.steps import STEPS
from tilth.steps.fitting import without_rows
from tilth.steps.models import model_of
from tilth.steps.step import Fitted, Step
from tilth.web.client import PATIENCE, Patience

MOST_STAGES = 15
ROW = "\x1frow"  # the row number in a table that an engine prepares
IDENTITY = "identity"  # the model's number for each class, unchanged
OF_PROBABILITIES = (IDENTITY, "argmax", "threshold")  # what also works on probabilities
NUMBERS = {"temperature": "value", "threshold": "at", "relu": "slope", "elu": "alpha"}  # the parameter of NAME=NUMBER
UNKNOWN = Mistake("the row cannot be prepared: a value does not fit", code="bad-row")


class Stage(Protocol):
    """One stage. `takes` are the columns of its input, `gives` the columns of its output."""

    @property
    def title(self) -> str: ...

    @property
    def takes(self) -> Columns: ...

    @property
    def gives(self) -> tuple[str, ...]: ...

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """The answer for each row. Errors: `RequestError`, `BadRows`."""
        ...


@dataclass(frozen=True)
class Preparation:
    """A fitted flow, applied to each row by its row function, without an engine. `wanted` are the columns that the next stage takes."""

    title: str
    flow: Flow = field(repr=False)
    wanted: tuple[str, ...] | None = None

    @cached_property
    def quick(self) -> bool:
        """Whether no step calls a user function, which may take long."""
        return not any(fitted.step.name == "python" for fitted in self.flow.need_learned().served)

    @cached_property
    def _row(self) -> Callable[[Row], Row]:
        return self.flow.row_of(self.gives if self.wanted is None else self.wanted)

    def load(self) -> None:
        """Prepare for the first request, and verify that golden rows give the same values as when the flow was fitted.

        Errors: `Gap` for a step that cannot run on single rows; `ArtefactError` for a golden row that gives other values.
        """
        self._row  # noqa: B018 -- computed now and cached
        if found := differences(self.flow):
            raise ArtefactError(
                f"{self.title} does not prepare its golden rows as it did where it was fitted: {listed(found)}",
                hint="serve it with the versions of Tilth and of its libraries that fitted it, or fit it again",
                code="golden-differs",
            )

    @cached_property
    def takes(self) -> Columns:
        """The columns of the table on which it was fitted."""
        return Columns(self.flow.need_learned().schema.names, self.flow.reading.roles.label)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The columns without which a row is refused."""
        learned = self.flow.need_learned()
        return read_for(learned.schema, learned.served, self.gives if self.wanted is None else self.wanted)

    @cached_property
    def gives(self) -> tuple[str, ...]:
        """The output columns: predictions after the steps of `output` if a step of the flow predicts, otherwise the features."""
        learned = self.flow.need_learned()
        predicted = {c for f in learned.features if f.step.predicts for c in made_by(f)}
        if not predicted:
            return features_of(self.flow)
        made = predicted.union(*map(made_by, learned.parts.get("output", ())))
        return tuple(n for n in self.makes if n in made)

    @cached_property
    def makes(self) -> tuple[str, ...]:
        """All columns of a prepared row. Another flow may also take columns that are not features."""
        data = Dataset(Memory(None, self.flow.need_learned().schema.names), self.flow.reading.roles)
        return self.flow.served(data).names

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        try:
            return list(map(self._row, rows))
        except (TilthError, *UNFIT):
            raise BadRows(self._wrong(rows)) from None

    def of_table(self, rows: pa.Table) -> list[Row]:
        """Prepare many rows at once, with an engine. Their columns have the same kinds as when the flow was fitted."""
        learned, wanted = self.flow.need_learned(), self.gives if self.wanted is None else self.wanted
        tokens = pa.array([*self.flow.reading.nulls, *([""] if learned.strings else [])], pa.string())
        for i, column in enumerate(rows.columns):
            if pa.types.is_string(column.type):
                rows = rows.set_column(i, rows.column_names[i], pc.if_else(pc.is_in(column, tokens), None, column))
        numbered = rows.append_column(ROW, pa.array(range(len(rows))))
        prepared = self.flow.served(Dataset(Memory(numbered, tuple(numbered.column_names)), self.flow.reading.roles))
        with session_of(None, prepared, "prepare rows") as session:
            made = session.batches(session.query(prepared.keep((ROW, *wanted)), everything())).read_all()
        found: list[Row] = made.sort_by(ROW).select(list(wanted)).to_pylist()
        return found

    def _wrong(self, rows: Sequence[Row]) -> list[tuple[int, str, Mistake]]:
        """The mistakes in rows, after one was refused."""
        wrong: list[tuple[int, str, Mistake]] = []
        for i, row in enumerate(rows, 1):
            try:
                self._row(row)
            except TilthError as error:
                wrong += [(i, "", mistake) for mistake in error.mistakes]
            except UNFIT:
                found = [(i, column, mistake) for column, mistake in self.flow.row_mistakes(row) if column in self.reads]
                wrong += found or [(i, "", UNKNOWN)]
            if len(wrong) >= MOST_NAMED:
                break
        return wrong[:MOST_NAMED]


@dataclass(frozen=True)
class Output:
    """Steps on the output of a model, as in the part `output` of a flow."""

    title: str
    takes: Columns
    steps: tuple[Fitted, ...]

    @cached_property
    def gives(self) -> tuple[str, ...]:
        """The columns after the last step."""
        return self._applied.names

    @cached_property
    def _applied(self) -> Dataset:
        data = Dataset(Memory(None, self.takes.names))
        for fitted in self.steps:
            data = fitted.apply(data)
        return data

    @cached_property
    def _row(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        return row_function([layer for layer in self._applied.layers if isinstance(layer, Change)], self.takes.names)

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        return list(map(self._row, rows))


# ── from words ──


def stages_of(
    things: Sequence[str],
    output: Sequence[str] = (),
    trusted: Sequence[str] = (),
    seen: Callable[[bytes], object] = lambda content: None,
    patience: Patience = PATIENCE,
) -> tuple[Stage, ...]:
    """The stages from the names of files: fitted flows, optionally a model, then the steps of `output`.

    `seen` is called with the content of each file, which is read once, or with the address of a stage.
    Errors: `RequestError` for a file of another type, or stages that do not fit each other.
    """
    made: list[Stage] = []
    for thing in things:
        if thing.startswith(PYTHON):
            made.append(_called(thing, made, seen))
        else:
            made.append(_stage(thing, made[-1] if made else None, tuple(output), tuple(trusted), seen, patience))
    if output:
        last = made[-1] if made else None
        if not isinstance(last, Prediction | Called) or not last.gives:
            found = f"`{last.title}` gives {listed(last.gives)}" if last else "there is none"
            raise RequestError(
                f"--output {','.join(output)} is for what a model gave, and {found}",
                hint="name a model after the flow, or say it in the flow: `output: [softmax]`",
                code="no-model",
            )
        if list(output) != [IDENTITY]:
            made.append(output_of(output, last.gives, last.model.classes if isinstance(last, Prediction) else ()))
    if not 1 <= len(made) <= MOST_STAGES:
        raise RequestError(f"{len(made)} stages are named", accepted=f"1 to {MOST_STAGES}", code="bad-stages")
    for i, (before, after) in enumerate(pairwise(made)):
        _reject_gap(before, after)
        if isinstance(before, Preparation):
            wanted = tuple(c for c in before.makes if c in after.reads) if isinstance(after, Preparation) else after.takes.names
            made[i] = replace(before, wanted=wanted)
    for stage in made:
        if isinstance(stage, Preparation | Prediction):
            stage.load()
    for i, stage in enumerate(made):
        if i and isinstance(stage, Prediction):
            _reject_strings(made[:i], stage)
    return tuple(made)


def output_of(words: Sequence[str], columns: Sequence[str], classes: Sequence[Any] = ()) -> Output:
    """The steps of `output` for numeric columns: names such as `softmax`, or a name with a number, `temperature=1.7`.

    `classes` are the classes of the columns, which `argmax` and `threshold` return. Errors: `RequestError` for a step that is not an output
    transform.
    """
    schema, fitted = Schema(tuple(Column(name, Kind.FLOAT) for name in columns)), []
    for word in words:
        fitted.append(without_rows(_transform(word, classes), schema))
        names = fitted[-1].apply(Dataset(Memory(None, schema.names))).names
        schema = Schema(tuple(Column(n, Kind.FLOAT) for n in names))
    return Output(" → ".join(words), Columns(tuple(columns)), tuple(fitted))


def _transform(word: str, classes: Sequence[Any]) -> Step:
    name, _, value = word.partition("=")
    known = [n for n in STEPS.built_in if "output" in STEPS[n].parts and not STEPS[n].learns]
    RequestError.reject(unknown([name], known, "--output: {} is not a transform of what a model gave", "bad-output"))
    given: dict[str, Any] = {"labels": tuple(classes)} if name == "argmax" or (name == "threshold" and len(classes) == 2) else {}
    if value:
        if name not in NUMBERS:
            accepted = listed([f"{n}=NUMBER" for n in NUMBERS])
            raise RequestError(f"--output: {name!r} takes no number", accepted=accepted, code="bad-output")
        try:
            given[NUMBERS[name]] = float(value)
        except ValueError as error:
            raise RequestError(f"--output: {value!r} is not a number", accepted=f"such as {name}=0.7", code="bad-output") from error
    return STEPS.find(name)(**given)


def _examples(stages: Sequence[Stage]) -> list[Row]:
    """The output of the stages for the golden rows of the first one, without the rows that they refuse."""
    first, made = stages[0], list[Row]()
    for one in first.flow.need_learned().golden if isinstance(first, Preparation) else ():
        with suppress(TilthError):
            rows: list[Row] = [one["row"]]
            for stage in stages:
                rows = stage(rows)
            made += rows
    return made


def _called(thing: str, before: Sequence[Stage], seen: Callable[[bytes], object]) -> Called:
    """The stage of a user function. Its examples are the golden rows after the stages before it."""
    if not before or isinstance(before[-1], Remote):
        hint = "name a fitted flow before it, whose columns it is to take"
        raise RequestError(f"{thing!r} has no stage of Tilth before it", hint=hint, code="bad-stage")
    made = Called(thing.removeprefix(PYTHON), Columns(before[-1].gives), _examples(before))
    made.load()
    seen(source_of(made.name))
    return made


def _stage(
    thing: str, before: Stage | None, output: tuple[str, ...], trusted: tuple[str, ...], seen: Callable[[bytes], object], patience: Patience
) -> Stage:
    if is_stage_address(thing):
        if before is None or isinstance(before, Remote):
            hint = "between two stages on other machines nothing is left to do: name the address of the last one"
            raise RequestError(f"{thing!r} has no stage of Tilth before it", hint=hint, code="bad-stage")
        seen(thing.encode())
        return Remote.at(thing, Columns(before.gives), patience)
    path = PurePath(thing)
    if path.suffix.lower() == ".tilth":
        seen(content := flow_bytes(thing))
        return Preparation(path.name, flow_in(content, thing))
    form = (FORMS | PROGRAMS).get(path.suffix.lower())
    if form is None:
        raise RequestError(
            f"{thing!r} is neither a fitted flow nor a model",
            accepted=listed(("NAME.tilth", *(f"MODEL{s}" for s in (*FORMS, ".pt")), "[csv+]http://HOST:PORT", f"{PYTHON}MODULE:FUNCTION")),
            hint=unread_hint(thing) or "fit a flow first: tilth fit FLOW -o NAME.tilth",
            code="bad-stage",
        )
    if path.suffix.lower() in PROGRAMS and not python_allowed():
        raise NotAllowed(
            f"{path.name} holds a program of PyTorch, which can write files, and it is not allowed to run",
            hint="if you trust it: --allow-python; otherwise export the model to ONNX (torch.onnx.export)",
            code="python-not-allowed",
        )
    seen(content := model_bytes(thing))
    model = model_of(form, content, trusted)
    known = before.makes if isinstance(before, Preparation) else before.gives if before else ()
    columns = model.names_among(known) or (before.gives if before else ())
    if not columns or (model.width and len(columns) != model.width):
        message = f"{path.name} takes {model.width or 'unknown'} columns without names, and {len(columns)} are given"
        raise RequestError(message, hint="train it on a table with names of columns, such as a pandas frame", code="model-inputs")
    if not output:
        return Prediction(path.name, model, columns)
    if model.gives("scores", len(columns)):
        return Prediction(path.name, model, columns, "scores")
    if not all(word.partition("=")[0] in OF_PROBABILITIES for word in output):  # it gives only probabilities, such as a forest
        message = f"{path.name} gives probabilities and no scores, so `{','.join(output)}` has nothing to work on"
        raise RequestError(message, accepted=listed([f"--output {n}" for n in OF_PROBABILITIES]), code="no-scores")
    return Prediction(path.name, model, columns, "probabilities")


def _reject_strings(before: Sequence[Stage], model: Prediction) -> None:
    """Reject a model if golden rows show that its input would have strings."""
    try:
        matrix(_examples(before), model.columns)
    except BadRows as error:
        names = sorted({column for _, column, mistake in error.rows if mistake.code == "wrong-kind"})
        if names:
            raise RequestError(
                f"{model.title} takes numbers, and {before[-1].title} gives others: {listed(names)}",
                hint="encode them in the flow: `encode`",
                code="stages-differ",
            ) from error


def _reject_gap(before: Stage, after: Stage) -> None:
    """Reject a stage that needs columns which the stage before does not give, if its columns are known."""
    if isinstance(before, Remote | Called) and not before.gives:
        return
    needed = after.reads if isinstance(after, Preparation) else after.takes.names
    made = before.makes if isinstance(before, Preparation) else before.gives
    if missing := [n for n in needed if n not in made]:
        raise RequestError(
            f"{after.title} takes columns that {before.title} does not give: {listed(missing)}",
            accepted=listed(made),
            hint="was the model trained on what another flow made?",
            code="stages-differ",
        )
