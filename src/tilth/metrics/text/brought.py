"""Features of texts that need a file of the user: a list of words, or a model of texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Kind
from tilth.errors import RequestError, listed
from tilth.metrics.onnx import onnx_session
from tilth.metrics.text import segments
from tilth.store.documents import bytes_of

MOST_BYTES = 64 * 2**20  # largest list of words, and largest model
DECIMALS = 4


def _lines(file: str) -> list[list[str]]:
    """The lines of a list of words, split at blanks, without empty ones and comments. Errors: `RequestError` for a file without any."""
    try:
        lines = bytes_of(file, "list of words", MOST_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise RequestError(f"the list of words {file!r} is not UTF-8", hint="save it as UTF-8", code="not-utf8") from error
    found = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise RequestError(f"the list of words {file!r} is empty", accepted="a word in each line", code="bad-value")
    return found


@dataclass(frozen=True)
class OutsideWords:
    """The share of the words of a text that are not in a list; null for a text without words.

    >>> OutsideWords(frozenset({"the", "cat"}))(pa.array(["The cat", "the katz", ""])).to_pylist()
    [0.0, 0.5, None]
    """

    known: frozenset[str]

    @classmethod
    def of(cls, file: str) -> OutsideWords:
        """Read the first word of each line of a file, ignoring case, so that numbers may follow; lines that begin with `#` are skipped."""
        return cls(frozenset(line[0].casefold() for line in _lines(file)))

    def __call__(self, texts: pa.Array) -> pa.Array:
        found = [
            round(sum(word not in self.known for word in words) / len(words), DECIMALS) if words else None
            for words in segments.words_of(texts)
        ]
        return pa.array(found, pa.float64())


@dataclass(frozen=True)
class WordScores:
    """The mean score of the words of a text that are in a list; null for a text without any.

    >>> WordScores((("awful", -1.0), ("good", 0.5)))(pa.array(["Good, but awful!", "good", "a cat", None])).to_pylist()
    [-0.25, 0.5, None, None]
    """

    scores: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, file: str) -> WordScores:
        """Read a word and a number from each line of a file, ignoring case. Errors: `RequestError` for a line without a number."""
        scores = {}
        for line in _lines(file):
            try:
                scores[line[0].casefold()] = float(line[1])
            except (IndexError, ValueError):
                message = f"the list of words {file!r} has the line {' '.join(line)!r}"
                raise RequestError(message, accepted="a word and its score, such as: awful -1.5", code="bad-value") from None
        return cls(tuple(scores.items()))

    def __call__(self, texts: pa.Array) -> pa.Array:
        scores = dict(self.scores)
        known = ([scores[word] for word in words if word in scores] for words in segments.words_of(texts))
        return pa.array([round(sum(found) / len(found), DECIMALS) if found else None for found in known], pa.float64())


@dataclass(frozen=True)
class TextModel:
    """The output of an ONNX model for each text: the last number of its last output, or, with `labels`, its first output, the label.

    The model takes strings, such as a scikit-learn pipeline that begins with a vectorizer. Null stays null.
    """

    content: bytes
    labels: bool = False

    @classmethod
    def of(cls, file: str, labels: bool = False) -> TextModel:
        """The model in a file. Errors: `RequestError` for a model that does not take strings; `MissingExtra`."""
        model = cls(bytes_of(file, "model of texts", MOST_BYTES), labels)
        _session(model.content)
        return model

    def __call__(self, texts: pa.Array) -> pa.Array:
        there = texts.drop_null()
        session = _session(self.content)
        (given,), outputs = session.get_inputs(), session.get_outputs()
        strings = np.array(there.to_pylist(), dtype=object)
        strings = strings.reshape(-1, 1) if len(given.shape) == 2 else strings
        kind = pa.string() if self.labels else pa.float64()
        if not len(there):
            return pa.nulls(len(texts), kind)
        found = np.asarray(session.run([outputs[0 if self.labels else -1].name], {given.name: strings})[0])
        answers = iter(map(str, found.ravel()) if self.labels else found.reshape(len(there), -1)[:, -1].tolist())
        return pa.array([next(answers) if valid else None for valid in texts.is_valid().to_pylist()], kind)


@lru_cache(maxsize=4)
def _session(content: bytes) -> Any:
    session = onnx_session(content)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [i.type for i in inputs] != ["tensor(string)"] or len(inputs[0].shape) > 2:
        found = listed(f"{i.name} {i.type}" for i in inputs)
        raise RequestError(
            f"the model's inputs are {found}", accepted="one of strings", hint="export it with its vectorizer", code="model-inputs"
        )
    if any(not o.type.startswith("tensor(") for o in outputs):
        raise RequestError("the model's outputs are not tensors", hint="export it without ZipMap", code="model-outputs")
    return session


def _scoring(file: str) -> Callable[[pa.Array], pa.Array]:
    return TextModel.of(file) if file.endswith(".onnx") else WordScores.of(file)


BROUGHT: dict[str, tuple[Kind, str, Callable[[str], Callable[[pa.Array], pa.Array]]]] = {
    "oov_share": (Kind.FLOAT, "share of words that are not in the list, among the words of {}", OutsideWords.of),
    "sentiment": (Kind.FLOAT, "sentiment of {}, by the file", _scoring),
    "toxicity": (Kind.FLOAT, "toxicity of {}, by the file", _scoring),
    "topic": (Kind.STRING, "topic of {}, by the model", lambda file: TextModel.of(file, labels=True)),
}
"""Feature that takes a file, such as `oov_share:words.txt` → its kind, its meaning, and the function that makes it from a file's name."""
