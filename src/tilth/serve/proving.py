"""Golden rows of a whole pipeline: made-up rows with the recorded answers of its stages. They also verify a model.

A fitted flow contains golden rows; a model in a file has none. Record the golden rows of a pipeline once, best where the model was trained.
Their file contains the digests of the recorded stages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tilth.data import Kind
from tilth.errors import ArtefactError, RequestError, TilthError, listed
from tilth.flow.golden import CLOSE, CONSTANTS, ROWS, same
from tilth.serve.bodies import encoded
from tilth.serve.bodies.rows import JSON, LINES, Row
from tilth.serve.media import media_type
from tilth.serve.pipeline import Pipeline
from tilth.serve.predictions import Prediction
from tilth.serve.remote import LARGEST, Remote
from tilth.serve.stages import Output, Preparation, Stage
from tilth.store.local import text_of
from tilth.store.places import write_text

CLOSE_SINGLE = 1e-5  # relative tolerance for a model that computes with 32-bit floats
NUMBERS = "numbers"  # the scores of a model that gives labels, because labels hide small differences


class NoGolden(RequestError):
    """The pipeline answers no golden row, so they would verify nothing."""


@dataclass(frozen=True)
class Proof:
    """The stages verified by golden rows, with their numbers of rows, and the stages that were not verified."""

    proven: Mapping[str, int]
    unproven: tuple[str, ...]

    def __str__(self) -> str:
        words = [f"{title} ({rows} golden rows)" for title, rows in self.proven.items()]
        said = [f"proven: {', '.join(words)}"] if words else []
        if self.unproven:
            said.append(f"not proven: {', '.join(self.unproven)}; where it was trained: --record-golden FILE, then here: --golden FILE")
        return "; ".join(said)


def proof(pipeline: Pipeline, file: str | None = None) -> Proof:
    """What golden rows verify: with a file, all stages; otherwise the fitted flows, which verified their own golden rows when loaded.

    Errors: `ArtefactError` if the file has no golden rows, was recorded with other stages, or has different answers.
    """
    if file is None:
        own = {s.title: len(s.flow.need_learned().golden) for s in pipeline.stages if isinstance(s, Preparation)}
        own = {title: rows for title, rows in own.items() if rows}
        return Proof(own, tuple(s.title for s in pipeline.stages if not isinstance(s, Output) and s.title not in own))
    rows = _prove(pipeline, file)
    return Proof({stage.title: rows for stage in pipeline.stages}, ())


def record(pipeline: Pipeline, file: str | Path) -> int:
    """Write golden rows and their answers to a file, and return the number of answered rows.

    Errors: `RequestError` if a stage runs in another process; `NoGolden` if no row is answered.
    """
    _reject_remote(pipeline)
    rows = [json.loads(encoded([row], tuple(row), LINES)) for row in _rows(pipeline)]
    answers = [_answer(pipeline.stages, row) for row in rows]
    answered = sum("answer" in answer for answer in answers)
    if not answered:
        codes = listed(sorted({answer["refused"] for answer in answers})) or "there are none"
        raise NoGolden(f"{pipeline} answers none of its golden rows: {codes}", code="no-golden")
    content = {
        "version": 1,
        "stages": _digests(pipeline),
        "close": CLOSE_SINGLE if pipeline.single else CLOSE,
        "rows": [{"row": row, **answer} for row, answer in zip(rows, answers, strict=True)],
    }
    write_text(file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return answered


def hop_rows(pipeline: Pipeline, media: str) -> int:
    """The number of rows that fit in one request to a next container: 5 MiB divided by the largest answer to a golden row.

    0 if it is unknown, and for pipelines that predict: only features go to a next container.
    """
    last = pipeline.stages[-1]
    if not isinstance(last, Preparation) or any(fitted.step.predicts for fitted in last.flow.need_learned().features):
        return 0
    kind, sizes = media_type(media), []
    for row in _rows(pipeline):
        with suppress(TilthError):
            rows: list[Row] = [row]
            for stage in pipeline.stages:
                rows = stage(rows)
            sizes.append(len(encoded(rows, pipeline.gives, kind.name if kind else JSON)))
    return LARGEST // max(sizes) if sizes else 0


def _prove(pipeline: Pipeline, file: str) -> int:
    """Verify the answers in a file of golden rows, and return the number of rows. Errors: `ArtefactError`."""
    _reject_remote(pipeline)
    text = text_of(file, "file of golden rows", ArtefactError)
    try:
        content = json.loads(text)
        stages, close, rows = content["stages"], float(content["close"]), content["rows"]
        if content["version"] != 1 or not rows or not all(isinstance(one["row"], dict) for one in rows):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError) as error:
        accepted = "what `tilth serve … --record-golden FILE` wrote"
        raise ArtefactError(f"{file!r} is not a file of golden rows", accepted=accepted, code="bad-golden") from error
    if stages != (now := _digests(pipeline)):
        found = sorted({name for name, _ in now} ^ {name for name, _ in stages}) or [one[0] for one in now if one not in stages]
        message = f"{file} was recorded with other stages than {pipeline}: {listed(found) or 'in another order'}"
        raise ArtefactError(
            message, hint="record it with these stages, where the model was trained: --record-golden FILE", code="golden-other"
        )
    found = list(_differences(pipeline.stages, rows, close))
    if found:
        raise ArtefactError(
            f"{pipeline} does not give the recorded answers for the golden rows: {listed(found)}",
            hint="serve it with the library versions used for the recording",
            code="golden-differs",
        )
    return len(rows)


def _differences(stages: Sequence[Stage], rows: Sequence[Mapping[str, Any]], close: float) -> Iterator[str]:
    for i, one in enumerate(rows, 1):
        now, before = _answer(stages, one["row"]), {k: v for k, v in one.items() if k != "row"}
        if now.keys() != before.keys() or now.get("refused") != before.get("refused"):
            yield f"row {i}: it was {'refused' if 'refused' in before else 'answered'}, and is not now"
            continue
        if not same(now.get(NUMBERS), before.get(NUMBERS), close):
            yield f"row {i}: the numbers behind the label"
        answer, recorded = now.get("answer", {}), before.get("answer", {})
        yield from (f"row {i}: {c}" for c in {**recorded, **answer} if not same(answer.get(c), recorded.get(c), close))


def _answer(stages: Sequence[Stage], row: Row) -> dict[str, Any]:
    """The answer of the stages to a row, with the scores behind a label, or the code of the refusal."""
    rows: list[Row] = [row]
    numbers: Any = None
    try:
        for stage in stages:
            numbers = stage.numbers(rows) if isinstance(stage, Prediction) and stage.gave == "labels" else numbers
            rows = stage(rows)
    except TilthError as error:
        return {"refused": error.mistakes[0].code}
    found = {"answer": rows[0]} if numbers is None else {"answer": rows[0], NUMBERS: numbers[0]}
    made: dict[str, Any] = json.loads(encoded([found], tuple(found), LINES))
    return made


def _rows(pipeline: Pipeline) -> list[Row]:
    """The golden rows of the first flow; without a flow, a row of nulls and rows of varying constants."""
    first = pipeline.stages[0]
    if isinstance(first, Preparation):
        return [one["row"] for one in first.flow.need_learned().golden]
    values, names = CONSTANTS[Kind.FLOAT], first.takes.names
    return [dict.fromkeys(names), *({n: values[(k + i) % len(values)] for i, n in enumerate(names)} for k in range(ROWS - 1))]


def _digests(pipeline: Pipeline) -> list[list[str]]:
    """The name of each stage and the SHA-256 of its file, empty for transforms."""
    return [list(pair) for pair in zip_longest((stage.title for stage in pipeline.stages), pipeline.digests, fillvalue="")]


def _reject_remote(pipeline: Pipeline) -> None:
    if remote := [stage.title for stage in pipeline.stages if isinstance(stage, Remote)]:
        hint = "verify the stages before it as a separate pipeline"
        raise RequestError(
            f"{remote[0]} runs in another process, and golden rows cannot verify its answers", hint=hint, code="remote-golden"
        )
