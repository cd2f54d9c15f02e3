"""The language of texts, by py3langid. Decision 0032."""

from __future__ import annotations

from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tilth.errors import extra

DECIMALS = 4
SURE = 0.5  # languages with a lower probability are not named


@cache
def _identifier() -> Any:
    with extra("languages", "the language of texts"):
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _languages(texts: pa.Array) -> list[tuple[str, float] | None]:
    """The most probable language of each text with its probability; None without letters."""
    lettered = pc.match_substring_regex(texts, r"\p{L}").to_pylist()
    return [_identifier().classify(text) if has else None for text, has in zip(texts.to_pylist(), lettered, strict=True)]


def language(texts: pa.Array) -> pa.Array:
    """The ISO 639-1 code of each text's language; `und` if uncertain, null without letters."""
    return pa.array([found and (found[0] if found[1] >= SURE else "und") for found in _languages(texts)], pa.string())


def language_confidence(texts: pa.Array) -> pa.Array:
    """The probability of the most probable language of each text."""
    return pa.array([found and round(float(found[1]), DECIMALS) for found in _languages(texts)], pa.float64())
