"""The table of features of texts, used by facets and the step `featurize`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import lit, sub
from tilth.engine.operations.numbers import Divide, integer
from tilth.engine.operations.patterns import ReplacePattern
from tilth.engine.operations.strings import Trim
from tilth.engine.python_operation import PythonFunction
from tilth.metrics.text import segments
from tilth.metrics.text.language import language, language_confidence
from tilth.metrics.text.lexicon import FIRST_PERSON, SECOND_PERSON, any_of, lexicon

# ── in SQL ──

CLASSES: Mapping[str, str] = {
    "letters": "[A-Za-z]+",
    "upper": "[A-Z]+",
    "lower": "[a-z]+",
    "digits": "[0-9]+",
    "spaces": "[ \\t\\r\\n]+",
    "punctuation": "[!-/:-@\\[-`{-~]+",
    "non_ascii": "[^\\x00-\\x7F]+",
}
"""Classes of characters that features count."""
WORD = "[ \\t\\r\\n]*[^ \\t\\r\\n]+[ \\t\\r\\n]*"


def characters(x: Tree) -> Tree:
    """The number of characters of a string, in 64 bits."""
    return integer(exp.Length(this=x))


def _words(x: Tree) -> Tree:
    return characters(Trim.of(ReplacePattern.of(x, lit(WORD), lit("x"))))


def _number_of(pattern: str) -> Callable[[Tree], Tree]:
    return lambda x: sub(characters(x), characters(ReplacePattern.of(x, lit(pattern), lit(""))))


def _share_of(pattern: str) -> Callable[[Tree], Tree]:
    return lambda x: Divide.of(_number_of(pattern)(x), characters(x))


# ── in Python, over Arrow arrays ──


DECIMALS = 4  # of results computed in Python, so that groups have readable bounds


def divided(over: pa.Array, under: pa.Array) -> pa.Array:
    """`over` divided by `under`; null if `under` is 0."""
    return pc.divide(over.cast(pa.float64()), pc.if_else(pc.equal(under, 0), None, under).cast(pa.float64()))


def ratio(over: pa.Array, under: pa.Array) -> pa.Array:
    """`divided`, rounded."""
    return pc.round(divided(over, under), DECIMALS)


def length(texts: pa.Array) -> pa.Array:
    """The number of code points in Unicode's normal form C."""
    return pc.utf8_length(segments.normal(texts)).cast(pa.int64())


def words_per_sentence(texts: pa.Array) -> pa.Array:
    """The mean number of words per sentence."""
    return ratio(segments.words(texts), segments.sentences(texts))


def chars_per_word(texts: pa.Array) -> pa.Array:
    """The mean number of letters per word."""
    return ratio(segments.counted(segments.normal(texts), r"\p{L}"), segments.words(texts))


def readability(texts: pa.Array) -> pa.Array:
    """Flesch's reading ease of English texts: 206.835 − 1.015 · words / sentences − 84.6 · syllables / words.

    >>> readability(pa.array(["She is a nurse.", ""])).to_pylist()
    [118.175, None]
    """
    words = segments.words(texts)
    long = pc.multiply(divided(words, segments.sentences(texts)), 1.015)
    hard = pc.multiply(divided(segments.syllables(texts), words), 84.6)
    return pc.round(pc.subtract(pc.subtract(206.835, long), hard), 3)


ENOUGH_WORDS, THRESHOLD = 50, 0.72


def lexical_variety(texts: pa.Array) -> pa.Array:
    """MTLD (McCarthy and Jarvis 2010): the mean length of stretches of words with a share of 0.72 distinct words, read from both ends.

    With fewer than 50 words it is the share of distinct words; without words it is null.
    """
    return pa.array([round(_variety(words), DECIMALS) if words else None for words in segments.words_of(texts)], pa.float64())


def _variety(words: list[str]) -> float:
    if len(words) < ENOUGH_WORDS:
        return len(set(words)) / len(words)
    return (_stretch(words) + _stretch(words[::-1])) / 2


def _stretch(words: list[str]) -> float:
    stretches, seen, read = 0.0, set[str](), 0
    for word in words:
        seen.add(word)
        read += 1
        if len(seen) / read <= THRESHOLD:
            stretches, seen, read = stretches + 1, set(), 0
    stretches += (1 - len(seen) / read) / (1 - THRESHOLD) if read else 0
    return len(words) / stretches if stretches else float(len(words))


SCRIPTS = (
    *("Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Hiragana", "Katakana", "Hangul", "Devanagari", "Bengali", "Gurmukhi"),
    *("Gujarati", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan", "Georgian"),
    *("Armenian", "Ethiopic", "Mongolian", "Cherokee"),
)
MAIN_SHARE = 0.7


def script(texts: pa.Array) -> pa.Array:
    """The Unicode script of most letters; `mixed` if no script has 70 % of them, `other` for a rare script; null without letters.

    >>> script(pa.array(["Hallo", "Привет", "abc где", "42", None])).to_pylist()
    ['Latin', 'Cyrillic', 'mixed', None, None]
    """
    names = pa.array([*SCRIPTS, "other", "mixed"])
    letters = segments.counted(texts, r"\p{L}").fill_null(0).to_numpy()
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return names.take(pa.array(np.zeros(len(letters), int), mask=letters == 0))
    of = np.array([segments.counted(texts, rf"\p{{{name}}}").fill_null(0).to_numpy() for name in SCRIPTS])
    of = np.vstack([np.minimum(of, letters), np.maximum(letters - of.sum(axis=0), 0)])
    most = of.argmax(axis=0)
    most[of.max(axis=0) < MAIN_SHARE * letters] = len(names) - 1
    return names.take(pa.array(most, mask=letters == 0))


@dataclass(frozen=True)
class Share:
    """The matches of an RE2 pattern per match of `among`, or, without `among`, per character; null if there are none of these."""

    pattern: str
    among: str = ""

    def __call__(self, texts: pa.Array) -> pa.Array:
        return ratio(segments.counted(texts, self.pattern), segments.counted(texts, self.among) if self.among else length(texts))


@dataclass(frozen=True)
class PersonShare:
    """The share of these pronouns among the words."""

    pronouns: tuple[str, ...]

    def __call__(self, texts: pa.Array) -> pa.Array:
        return ratio(segments.counted(texts, any_of(self.pronouns)), segments.words(texts))


@dataclass(frozen=True)
class Has:
    """1 if an RE2 pattern occurs, else 0."""

    pattern: str

    def __call__(self, texts: pa.Array) -> pa.Array:
        return pc.match_substring_regex(texts, self.pattern).cast(pa.int64())


def gender_lean(texts: pa.Array) -> pa.Array:
    """(m − f) / (m + f) from the numbers of male and female words; null without any.

    >>> gender_lean(pa.array(["He met his sister", "a tree"])).to_pylist()
    [0.3333, None]
    """
    male, female = (segments.counted(texts, any_of(lexicon()[group])) for group in ("male", "female"))
    return ratio(pc.subtract(male, female), pc.add(male, female))


# ── the table ──

EMOJI = r"[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B50}\x{2B55}\x{231A}\x{231B}\x{23E9}-\x{23F3}]"
URL = r"(?i)\b(?:https?://|www\.)\S+"
MENTION = r"(?:^|[^\w@])@\w+"
CODE = "|".join(
    (
        r"(?m)```",
        r"[;{}][ \t]*$",  # the end of a line
        r"^[ \t]*(?:import \w|from [\w.]+ import |#include\b|(?:def|class) \w+.*:[ \t]*$|SELECT .* FROM )",  # the beginning of one
        r"\bfunction\b ?\w*\(",
        r"</?[a-z][a-z0-9]*(?: [^<>]*)?/?>",  # markup
    )
)


@dataclass(frozen=True)
class Feature:
    """A number or word computed from each text: its kind, its meaning, with `{}` for the text, and its expression.

    `flag`: whether it is 1 or 0; `bounds`: the bounds of its groups as a facet, if fixed.
    """

    kind: Kind
    says: str
    of: Callable[[Tree], Tree]
    flag: bool = False
    bounds: tuple[float, ...] = ()


def _counts() -> Iterator[tuple[str, Feature]]:
    for name, pattern in CLASSES.items():
        yield name, Feature(Kind.INTEGER, f"{name} in {{}}", _number_of(pattern))
        yield f"{name}_share", Feature(Kind.FLOAT, f"share of {name} among the characters of {{}}", _share_of(pattern))


def _python(name: str, kind: Kind, says: str, function: Callable[[pa.Array], pa.Array], **more: Any) -> tuple[str, Feature]:
    return name, Feature(kind, says, PythonFunction(function, (Kind.STRING,), kind, name).of, **more)


def _flag(name: str, says: str, pattern: str) -> tuple[str, Feature]:
    return _python(name, Kind.INTEGER, f"whether {{}} {says}: 1 or 0", Has(pattern), flag=True)


FEATURES: Mapping[str, Feature] = {
    "characters": Feature(Kind.INTEGER, "characters of {}", characters),
    "words": Feature(Kind.INTEGER, "words of {}, between blanks", _words),
    **dict(_counts()),
    **dict(
        (
            _python("length_chars", Kind.INTEGER, "code points of {}", length),
            _python("length_words", Kind.INTEGER, "words of {}", segments.words),
            _python("length_sentences", Kind.INTEGER, "sentences of {}", segments.sentences),
            _python("words_per_sentence", Kind.FLOAT, "words for each sentence of {}", words_per_sentence),
            _python("chars_per_word", Kind.FLOAT, "letters for each word of {}", chars_per_word),
            _python("readability", Kind.FLOAT, "Flesch's reading ease of {}, for English: more is easier", readability),
            _python("lexical_variety", Kind.FLOAT, "variety of the words of {} (MTLD)", lexical_variety),
            _python("language", Kind.STRING, "language of {}, by its code", language),
            _python("language_confidence", Kind.FLOAT, "probability of the language of {}", language_confidence),
            _python("script", Kind.STRING, "script of most letters of {}", script),
            _python("capitals_share", Kind.FLOAT, "share of capitals among the letters of {}", Share(r"\p{Lu}", r"\p{L}")),
            _python("digit_share", Kind.FLOAT, "share of digits among the characters of {}", Share(r"\p{Nd}")),
            _python("punct_share", Kind.FLOAT, "share of punctuation among the characters of {}", Share(r"\p{P}")),
            _python("emoji_share", Kind.FLOAT, "share of emoji among the characters of {}", Share(EMOJI)),
            _python("first_person", Kind.FLOAT, "share of I, we … among the words of {}", PersonShare(FIRST_PERSON)),
            _python("second_person", Kind.FLOAT, "share of you, your … among the words of {}", PersonShare(SECOND_PERSON)),
            _python("gender_lean", Kind.FLOAT, "male less female words of {}, over both, in English", gender_lean, bounds=(-0.2, 0.2)),
            _flag("has_url", "has a web address", URL),
            _flag("has_mention", "has an @name", MENTION),
            _flag("has_code", "has program code or markup", CODE),
            *(_flag(f"identity_{g}", f"has an English term of the group {g}", any_of(terms)) for g, terms in lexicon().items()),
        )
    ),
}
"""Name → feature of a text. A null has null features; an empty text has counts of 0, and shares of null."""
