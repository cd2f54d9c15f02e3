"""Splits texts into units to explain: tokens, sentences or paragraphs, by the rules of Unicode."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

from tilth.errors import Mistake, RequestError, did_you_mean, listed, unknown

Granularity: TypeAlias = Literal["token", "sentence", "paragraph"]
GRANULARITIES = get_args(Granularity)
NAMED = """
af afrikaans, ar arabic, bg bulgarian, bn bengali, ca catalan, cs czech, da danish, de german, el greek, en english,
es spanish, et estonian, eu basque, fa persian, fi finnish, fr french, ga irish, gu gujarati, he hebrew, hi hindi, hr
croatian, hu hungarian, hy armenian, id indonesian, is icelandic, it italian, ja japanese, kn kannada, ky kyrgyz, lb
luxembourgish, lij ligurian, lt lithuanian, lv latvian, mk macedonian, ml malayalam, mr marathi, nb norwegian bokmål,
ne nepali, nl dutch, pl polish, pt portuguese, ro romanian, ru russian, sa sanskrit, si sinhala, sk slovak, sl
slovenian, sq albanian, sr serbian, sv swedish, ta tamil, te telugu, th thai, tl tagalog, tn setswana, tr turkish, tt
tatar, uk ukrainian, ur urdu, vi vietnamese, xx multi-language, yo yoruba, zh chinese
"""
LANGUAGES = dict(found.split(" ", 1) for found in " ".join(NAMED.split()).split(", "))
"""Code → name of each language."""
UNSPACED = "th"  # has no blanks between words; finding them would need a dictionary

MARKS = {
    **dict.fromkeys("\n\r\x85\u2028\u2029", "\n"),
    **dict.fromkeys(".\u2024\ufe52\uff0e", "A"),
    **dict.fromkeys(
        "!?\u0589\u061d\u061e\u061f\u06d4\u0700\u0701\u0964\u0965\u1362\u203c\u203d\u2047\u2048\u2049\u3002\ufe56\ufe57\uff01\uff1f\uff61",
        "S",
    ),
    **dict.fromkeys("'\u2018\u2019", "'"),
    **dict.fromkeys('"', "C"),
    **dict.fromkeys(":\u00b7\u0387\uff1a", ":"),
    **dict.fromkeys(",;\u037e\u060c\u066c\uff0c\uff1b", ","),
    **dict.fromkeys("-\u2013\u2014\u3001\uff0d", "-"),
}
CATEGORIES = {"Lu": "U", "Lt": "U", "Ll": "L", "Pc": "O", "Ps": "C", "Pe": "C", "Pi": "C", "Pf": "C"}
ALONE = ("CJK", "HIRAGANA")  # scripts in which each character is a word
TOKEN = re.compile(r"(?:[ULON]|(?<=[ULO])['A:](?=[ULO])|(?<=N)['A,](?=N))+|H|([^ \n])\1*")
ENDED = re.compile(r"(?P<mark>[AS]+)[C']*(?P<blank> *)\n?")
UNFINISHED = re.compile(r"[^ULO\nAS]*L")  # matches after a full stop and blanks if the sentence goes on
GOES_ON = re.compile(r"[,:\-AS]")
PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")


@dataclass(frozen=True)
class Unit:
    """A part of a text, with the index of its first character."""

    text: str
    start: int


@lru_cache(maxsize=4096)
def _of(character: str) -> str:
    """The class of a character: U, L and O letters, N digits, H a word by itself, M part of the character before, A full stop …"""
    if character in MARKS:
        return MARKS[character]
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf":
        return "M"
    if category in CATEGORIES:
        return CATEGORIES[category]
    if category[0] == "L":
        return "H" if unicodedata.name(character, "").startswith(ALONE) else "O"
    return "N" if category[0] == "N" else " " if character.isspace() else "x"


def shape_of(text: str) -> str:
    """The class of each character of a text; marks have the class of their base character.

    >>> shape_of("Tea, 3.5 l!")
    'ULL, NAN LS'
    """
    found: list[str] = []
    for character in text:
        kind = _of(character)
        found.append(kind if kind != "M" else found[-1] if found and found[-1] not in " \n" else "x")
    return "".join(found)


def units_of(text: str, granularity: Granularity) -> tuple[Unit, ...]:
    """The units of a text, without the blanks around them.

    A token is a word, a number, or a run of one other character; each Chinese character and each Hiragana is a word. Sentences end by the
    rules of Unicode and at line breaks; paragraphs end at blank lines.

    Source: Unicode Standard Annex 29, word and sentence boundaries.

    >>> [u.text for u in units_of("It's 3.5 km... OK?", "token")]
    ["It's", '3.5', 'km', '...', 'OK', '?']
    >>> units_of("Is it? Yes.", "sentence")
    (Unit(text='Is it?', start=0), Unit(text='Yes.', start=7))
    """
    if granularity == "paragraph":
        text_lines = re.sub(r"(?m)^[^\S\n]+$", lambda blank: "\n" * len(blank[0]), text)
        spans: Iterable[tuple[int, int]] = (m.span() for m in PARAGRAPH.finditer(text_lines))
    else:
        shape = shape_of(text)
        spans = (m.span() for m in TOKEN.finditer(shape)) if granularity == "token" else _sentences(shape)
    return tuple(_trimmed(text, start, end) for start, end in spans if text[start:end].strip())


def _trimmed(text: str, start: int, end: int) -> Unit:
    part = text[start:end]
    return Unit(part.strip(), start + len(part) - len(part.lstrip()))


def _sentences(shape: str) -> Iterator[tuple[int, int]]:
    """The start and end of each sentence."""
    start = 0
    for line in re.finditer(r"[^\n]*\n?", shape):
        for mark in ENDED.finditer(shape, line.start(), line.end()):
            if _ends(shape, mark):
                yield start, mark.end()
                start = mark.end()
        yield start, line.end()
        start = line.end()


def _ends(shape: str, mark: re.Match[str]) -> bool:
    """Whether a sentence ends at a mark: not if a comma follows, and not at a full stop before a lower-case word."""
    at = mark.end()
    if GOES_ON.match(shape, at):
        return False
    if mark["mark"][-1] == "S":
        return True
    inside = not mark["blank"] and shape[at : at + 1] in tuple("ULON") and mark.end("mark") == at
    return not inside and not UNFINISHED.match(shape, at)


def without(text: str, units: Sequence[Unit], present: Sequence[bool], replacement: str) -> str:
    """Replace each absent unit of the text.

    An empty replacement removes the unit and one of the two blanks around it.

    >>> units = units_of("so very good", "token")
    >>> [without("so very good", units, (True, False, False), given) for given in ("", "[MASK]")]
    ['so', 'so [MASK] [MASK]']
    """
    made, at = "", 0
    for unit, kept in zip(units, present, strict=True):
        if kept:
            continue
        end = unit.start + len(unit.text)
        made += text[at : unit.start] + replacement
        if not replacement and (not made or made[-1].isspace()):
            if text[end : end + 1].isspace():
                end += 1
            elif end == len(text):
                made = made[:-1]
        at = end
    return made + text[at:]


@dataclass(frozen=True)
class TextConfig:
    """How columns of text are explained, in the terms of SageMaker Clarify.

    `language` is a name or a code of `LANGUAGES`. `max_top_tokens`: how many units of a column become findings. `columns`: the columns of
    text, by default the columns of strings in which most values contain blanks.

    Errors: `RequestError` with every mistake.
    """

    granularity: Granularity = "token"
    language: str = "xx"
    max_top_tokens: int = 50
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RequestError.reject(self._mistakes())

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> TextConfig:
        """The configuration from a mapping.

        >>> TextConfig.of({"granularity": "sentence", "language": "english"}).granularity
        'sentence'
        """
        known = [f.name for f in fields(cls)]
        RequestError.reject(unknown(given, known, "shap: text_config has no key {}", "unknown-parameter"))
        return cls(**{**given, "columns": tuple(given.get("columns", ()))})

    def _mistakes(self) -> Iterator[Mistake]:
        if self.granularity not in GRANULARITIES:
            yield Mistake(f"shap: text_config.granularity is {self.granularity!r}", accepted=listed(GRANULARITIES), code="bad-value")
        code = self.language.lower()
        if code not in LANGUAGES and code not in LANGUAGES.values():
            named = [f"{name} ({code})" for code, name in LANGUAGES.items()]
            hint = did_you_mean(code, [*LANGUAGES.values(), *LANGUAGES])
            yield Mistake(f"shap: text_config.language is {self.language!r}", accepted=listed(named, 62), hint=hint, code="bad-value")
        elif self.granularity == "token" and code in (UNSPACED, LANGUAGES[UNSPACED]):
            message, hint = (
                f"shap: the words of {LANGUAGES[UNSPACED]} take a dictionary, which Tilth does not have",
                "granularity: sentence",
            )
            yield Mistake(message, accepted="sentence, paragraph", hint=hint, code="bad-value")
        if self.max_top_tokens < 1:
            yield Mistake(f"shap: text_config.max_top_tokens is {self.max_top_tokens}", accepted="1 or more", code="bad-value")
