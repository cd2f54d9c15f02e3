"""SageMaker's data processing around the pipeline: input filter, join with the input, and output filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilth.errors import RequestError
from tilth.serve.bodies.rows import CSV
from tilth.serve.bodies.text import record_of, written
from tilth.serve.media import MediaType
from tilth.serve.paths import NoValue, Path

INPUT, OUTPUT = "SageMakerInput", "SageMakerOutput"


@dataclass(frozen=True)
class Processing:
    """The filters, and whether an answer is joined with its record. None as a filter selects the whole record."""

    before: Path | None = None
    after: Path | None = None
    join: bool = False

    @property
    def answers(self) -> bool:
        """Whether answers are changed."""
        return self.join or self.after is not None

    def sent(self, record: bytes, kind: MediaType) -> bytes:
        """The part of a record to send. Errors: `RequestError`."""
        if self.before is None:
            return record
        charset = kind.parameters.get("charset") or kind.parameters.get("encoding") or "utf-8"
        return written(_taken(self.before, record_of(record, kind), kind.name), kind.name, charset)

    def answered(self, record: bytes, kind: MediaType, answer: bytes) -> bytes:
        """The output for a record and its answer; both are CSV, or both are JSON. Errors: `RequestError`."""
        made = record_of(answer, MediaType(kind.name))
        if self.join:
            made = joined(record_of(record, kind), made, kind.name == CSV)
        return written(made if self.after is None else _taken(self.after, made, kind.name), kind.name)


def joined(record: Any, answer: Any, row: bool) -> Any:
    """Join a record and its answer: append the answer to a row, or add it as a member of the object. Errors: `RequestError`.

    >>> joined(["1", "2"], ["0.9"], True), joined({"id": 7}, {"p": 0.9}, False), joined([1, 2], 0.9, False)
    (['1', '2', '0.9'], {'id': 7, 'SageMakerOutput': {'p': 0.9}}, {'SageMakerInput': [1, 2], 'SageMakerOutput': 0.9})
    """
    if row:
        return record + answer
    if not isinstance(record, dict):
        return {INPUT: record, OUTPUT: answer}
    if OUTPUT in record:
        raise RequestError(f"the record has a member {OUTPUT}, which the answer would replace", hint="rename it", code="member-taken")
    return {**record, OUTPUT: answer}


def _taken(path: Path, record: Any, media: str) -> Any:
    """The part of a record at a path. For CSV it is always a list."""
    try:
        found = path.of(record)
    except NoValue as error:
        message = f"{path.text}: {error.mistakes[0].message}"
        raise NoValue(message, accepted=error.mistakes[0].accepted, code=error.mistakes[0].code) from error
    return [found] if media == CSV and not isinstance(found, list) else found
