"""A pipeline: from the body of a request, through the stages, to the body of the answer, without HTTP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tilth.errors import Mistake, RequestError, TilthError, listed
from tilth.serve.bodies import DECODERS, ENCODERS, decoded, encoded
from tilth.serve.bodies.rows import CSV, JSON, LINE_TYPES, BadRow, BadRows, NotAcceptable, Row
from tilth.serve.columns import prepared
from tilth.serve.media import chosen, media_type
from tilth.serve.predictions import Prediction
from tilth.serve.remote import Remote
from tilth.serve.sparkml import MARK, STRICT_ACCEPT, STRICT_TYPES, Schema, answer_type, asked
from tilth.serve.stages import Preparation, Stage, stages_of
from tilth.web.client import PATIENCE, EndpointFailed, Patience

if TYPE_CHECKING:
    from tilth.serve.explaining import Explainer


OFFERED = tuple(ENCODERS)
FORM = "application/x-www-form-urlencoded"  # of curl -d


class Answer(NamedTuple):
    """An answer: HTTP status, media type and bytes of the body, number of rows, the code of an error, and the seconds of each stage."""

    status: int
    media: str
    body: bytes
    rows: int = 0
    code: str = ""
    allow: str = ""  # the methods of the route, for status 405
    stages: Sequence[float] = ()


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(
        self, status: int, code: str, message: str, rows: Sequence[tuple[int, str, Mistake]] = (), accepted: str = "", hint: str = ""
    ) -> None:
        self.status, self.code = status, code
        self.content: dict[str, Any] = {"code": code, "message": message}
        self.content |= {k: v for k, v in {"accepted": accepted, "hint": hint}.items() if v}
        if rows:
            self.content["errors"] = [_described(*one) for one in rows]

    @property
    def answer(self) -> Answer:
        """The error as JSON."""
        return Answer(self.status, JSON, json.dumps({"error": self.content}, ensure_ascii=False).encode(), code=self.code)


def _described(row: int, column: str, mistake: Mistake) -> dict[str, Any]:
    """A mistake in a row as JSON, without empty members."""
    found = {"row": row, "field": column, "code": mistake.code, "message": mistake.message}
    return {k: v for k, v in {**found, "accepted": mistake.accepted, "hint": mistake.hint}.items() if v}


class Pipeline:
    """A sequence of stages. `accept` is the media type of an answer if the client accepts any. `digest` identifies the files and
    transforms, `digests` are the SHA-256 of each file or address. A SparkML `schema` names the columns of requests and sets the format of
    answers. `strict`: requests with a schema are answered exactly as SageMaker's SparkML container answers them, and rows that are too
    many for one request to a stage in another process are an error.

    Errors: `RequestError` for a media type that answers cannot have.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        accept: str = JSON,
        digest: str = "",
        digests: Sequence[str] = (),
        schema: Schema | None = None,
        strict: bool = False,
    ) -> None:
        self.stages = tuple(replace(stage, strict=strict) if isinstance(stage, Remote) else stage for stage in stages)
        self.digest, self.digests, self.schema, self.strict = digest, tuple(digests), schema, strict
        self.columns, self.gives = self.stages[0].takes, self.stages[-1].gives
        if schema is not None:
            first = self.stages[0]
            schema.reject_lacking(sorted(first.reads) if isinstance(first, Preparation) else first.takes.names)
            self.columns = schema.columns
        kind = media_type(accept)
        if kind is None or kind.name not in ENCODERS:
            raise RequestError(f"answers cannot be {accept!r}", accepted=listed(ENCODERS), code="bad-accept")
        self.accept, self._default = kind.name, accept
        self.explainer: Explainer | None = None  # if set, answers are explained

    @classmethod
    def of(
        cls,
        *things: str,
        output: Sequence[str] = (),
        accept: str = JSON,
        trusted: Sequence[str] = (),
        patience: Patience = PATIENCE,
        schema: Schema | None = None,
        strict: bool = False,
    ) -> Pipeline:
        """The pipeline of files: fitted flows, optionally a model, and output transforms by name.

        `patience` is for stages in other processes.
        """
        whole, digests = hashlib.sha256("\0".join(output).encode()), list[str]()  # transforms, then files and addresses in order

        def see(content: bytes) -> None:
            whole.update(content)
            digests.append(hashlib.sha256(content).hexdigest())

        stages = stages_of(things, output, trusted, see, patience)
        return cls(stages, accept, whole.hexdigest()[:12], tuple(digests), schema, strict)

    @cached_property
    def quick(self) -> bool:
        """Whether answering a small request takes less time than starting a thread for it."""
        return all(getattr(stage, "quick", True) for stage in self.stages)

    @cached_property
    def single(self) -> bool:
        """Whether a model computes with 32-bit floats, which differ with the processor and the number of rows."""
        return any(isinstance(stage, Prediction) and stage.model.single for stage in self.stages)

    def ready(self) -> bool:
        """Whether every stage on another machine answers."""
        return all(stage.ready() for stage in self.stages if isinstance(stage, Remote))

    def parameters(self) -> dict[str, Any]:
        """The smallest limits for a batch transform that the stages on other machines report."""
        said = [stage.parameters() for stage in self.stages if isinstance(stage, Remote)]
        least = {name: min(one[name] for one in said if name in one) for name in ("largest", "concurrency") if any(name in s for s in said)}
        strategies = [one["single"] for one in said if "single" in one]
        return {**least, **({"single": any(strategies)} if strategies else {})}

    @property
    def titles(self) -> tuple[str, ...]:
        """The name of each stage."""
        return tuple(stage.title for stage in self.stages)

    def __str__(self) -> str:
        return " → ".join(self.titles)

    def answer(self, body: bytes, content_type: str, accept: str = "") -> Answer:
        """The answer to a body. An error becomes an error answer; nothing is raised."""
        try:
            return self._answer(body, content_type, accept)
        except Exception as error:  # noqa: BLE001 -- as in `answered`
            answer = refusal(error).answer
            imitated = self.strict and self.schema is not None and answer.status != 415
            return answer._replace(status=400) if imitated else answer  # the container has no other status for an error

    def _answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        if self.schema is not None or MARK in body:
            answer = self._by_schema(body, content_type, accept)
            if answer is not None:
                return answer
        media = self.answered_as(accept)
        took = list[float]()
        rows = self.through(self.read(body, content_type), took=took)
        return Answer(200, media, encoded(rows, self.gives or tuple(rows[0]), media), len(rows), stages=took)

    def answered(self, work: Callable[[], Answer]) -> Answer:
        """The answer that a function returns. An error becomes an error answer; nothing is raised."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 -- only the type is sent: the message could contain values
            return refusal(error).answer

    def predicted(self, body: bytes, content_type: str) -> Sequence[Row]:
        """The answers for the rows of a body, which may be many. Errors: `Refused`."""
        try:
            first, kind = self.stages[0], media_type(content_type)
            many = prepared(first, body, kind) if isinstance(first, Preparation) and kind else None
            if many is None:
                return self.through(self.read(body, content_type))
            return self.through(list(many), 1) if len(self.stages) > 1 else many  # stages may iterate over rows for each column
        except RequestError as error:
            raise refusal(error) from error

    def read(self, body: bytes, content_type: str) -> list[Row]:
        """The rows of a body. Errors: `Refused`, `RequestError`."""
        kind = media_type(content_type)
        if kind is None or kind.name not in DECODERS:
            shown = repr(content_type[:80]) if content_type else "absent"
            hint = 'curl sends this type unless you name another one: -H "Content-Type: text/csv"' if FORM in content_type else ""
            raise Refused(415, "bad-content-type", f"the content type is {shown}", accepted=listed(DECODERS), hint=hint)
        return decoded(body, kind, self.columns)

    def through(self, rows: Sequence[Row], first: int = 0, took: list[float] | None = None) -> Sequence[Row]:
        """The rows after all stages, from the stage number `first` on. Errors: `RequestError`.

        The seconds of each stage are appended to `took`.
        """
        begun = perf_counter()
        for stage in self.stages[first:]:
            rows, before = stage(rows), begun
            begun = perf_counter()
            if took is not None:
                took.append(begun - before)
        return rows

    def _by_schema(self, body: bytes, content_type: str, accept: str) -> Answer | None:
        """The answer by the SparkML schema in the request or the configured one; None without a schema. Errors: as `read`."""
        kind = media_type(content_type)
        request = None if kind is None else asked(body, kind, self.schema, self.strict)
        schema = self.schema if request is None else request.schema
        if schema is None:
            return None
        if self.strict and (kind is None or kind.name not in STRICT_TYPES):
            raise Refused(415, "bad-content-type", f"the content type is {content_type[:80]!r}", accepted=listed(STRICT_TYPES))
        form = answer_type(accept, CSV if self.schema is None else self._default, self.strict)
        if form is None:
            known = STRICT_ACCEPT if self.strict else (*STRICT_ACCEPT, JSON)
            raise Refused(400 if self.strict else 406, "not-acceptable", f"Accept is {accept[:80]!r}", accepted=listed(known))
        took = list[float]()
        rows = self.through(self.read(body, content_type) if request is None else list(request.rows), took=took)
        if self.strict and kind is not None:
            return Answer(200, form[0], schema.answered_strictly(rows, *form, kind.name in LINE_TYPES), len(rows), stages=took)
        return Answer(200, form[0], schema.answered(rows, *form), len(rows), stages=took)

    def answered_as(self, accept: str) -> str:
        """The media type of the answer. Errors: `Refused`."""
        media = chosen(accept, OFFERED, self.accept)
        if media is None:
            raise Refused(406, "not-acceptable", f"Accept is {accept[:80]!r}", accepted=listed(ENCODERS))
        return media


def refusal(error: Exception) -> Refused:
    """Convert an error to a refusal: a mistake in the request, or a failure that no row explains."""
    if isinstance(error, Refused):
        return error
    if not isinstance(error, TilthError):
        return Refused(500, "internal", f"the request failed ({type(error).__name__})")
    found = error.mistakes[0]
    if isinstance(error, BadRow | BadRows):
        first = error.rows[0]
        message = f"row {first[0]}: {first[2].message}" + (f", and {len(error.rows) - 1} more" if len(error.rows) > 1 else "")
        return Refused(400, first[2].code, message, error.rows)
    if isinstance(error, RequestError):
        status = 406 if isinstance(error, NotAcceptable) else 400
        return Refused(status, found.code, found.message, accepted=found.accepted, hint=found.hint)
    return Refused(424 if isinstance(error, EndpointFailed) else 500, found.code or "internal", found.message)
