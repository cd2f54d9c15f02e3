"""Words, sentences and syllables of texts, found in whole Arrow arrays by RE2 patterns, which release Python's lock.

Words and sentences follow Unicode's text segmentation (UAX #29) with three exceptions: a colon ends a word, as in CLDR; in Thai, Lao, Khmer
and Burmese, which would need a dictionary, each letter is a word; a sentence must have a letter or a digit.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

ALONE = r"([\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)"  # each letter of these scripts is a word
LETTERS = r"(?:\p{L}[\p{M}\x{200D}\x{00AD}]*)+"
DIGITS = r"(?:\p{Nd}\p{M}*)+"
IN_WORD = "['.’‘․﹒＇．··՟״‧]"
IN_NUMBER = "['.’‘․﹒＇．,;;։،؍٬߸⁄，；]"
PART = rf"(?:{LETTERS}(?:{IN_WORD}{LETTERS})*|{DIGITS}(?:{IN_NUMBER}{DIGITS})*)"
WORD = rf"\p{{Pc}}*{PART}(?:{PART}|\p{{Pc}}+)*"
BEGIN, END = "\x02", "\x03"  # mark the begin and end of words

CLOSE = r"[\"'’”»)\]}]*"
NO_END = (  # full stops inside numbers and abbreviations, and before lower-case letters
    (r"\.(\d)", r"\1"),
    (r"((?:\p{L}\.)+)(\p{Lu})", r"\2"),
    (rf"\.+({CLOSE}[^\p{{L}}.!?…。！？\n]*\p{{Ll}})", r"\1"),
)
END_OF_SENTENCE = r".!?…。！？｡\n\r\x{85}\x{2028}\x{2029}"
SENTENCE = rf"[^{END_OF_SENTENCE}]*[\p{{L}}\p{{N}}][^{END_OF_SENTENCE}]*"

CONSONANTS = "(?:[b-df-hj-np-tv-xz]*[b-df-hj-km-np-tv-xz]|l+)"
SILENT = (  # the e at the end of nurse and makes, and in jumped; not in table, boxes and wanted
    (rf"([aeiouy]{CONSONANTS})e\b", r"\1"),
    (r"([aeiouy][b-df-hj-np-tv-xz]*[bdfkmnprtvw])es\b", r"\1s"),
    (r"([aeiouy](?:[b-df-hj-np-tv-xz]*[bcf-hj-kmnp-svwxz]|l+))ed\b", r"\1d"),
)
VOWELS = "[aeiouy]+"
WITH_VOWEL = r"\b[b-df-hj-np-tv-xz]*[aeiouy]\w*"


def normal(texts: pa.Array) -> pa.Array:
    """Texts in Unicode's normal form C."""
    return texts if pc.all(pc.string_is_ascii(texts)).as_py() else pc.utf8_normalize(texts, form="NFC")


def counted(texts: pa.Array, pattern: str) -> pa.Array:
    """The number of matches of an RE2 pattern in each text."""
    return pc.count_substring_regex(texts, pattern).cast(pa.int64())


def words(texts: pa.Array) -> pa.Array:
    """The number of words of each text.

    >>> words(pa.array(["The quick (“brown”) fox can’t jump 32.3 feet, right?", "東京 🙂", None])).to_pylist()
    [9, 2, None]
    """
    return counted(_apart(normal(texts)), WORD)


def words_of(texts: pa.Array) -> list[list[str]]:
    """The words of each text, case-folded; none for null.

    >>> words_of(pa.array(["Straße, don't!", None]))
    [['strasse', "don't"], []]
    """
    marked = pc.replace_substring_regex(_apart(normal(texts)), f"({WORD})", rf"{BEGIN}\1{END}")
    return [[part.partition(END)[0].casefold() for part in (text or "").split(BEGIN)[1:]] for text in marked.to_pylist()]


def sentences(texts: pa.Array) -> pa.Array:
    """The number of sentences of each text.

    >>> sentences(pa.array(["It cost 3.50, e.g. in the U.S. of A. Right? Yes!", "no end", "?!"])).to_pylist()
    [3, 1, 0]
    """
    for pattern, kept in NO_END:
        texts = pc.replace_substring_regex(texts, pattern, kept)
    return counted(texts, SENTENCE)


def syllables(texts: pa.Array) -> pa.Array:
    """The number of syllables of each English text: groups of vowels, without a silent e; a word without vowels counts as one.

    >>> syllables(pa.array(["She is a nurse.", "The tables wanted boxes", "jumped, makes, Mr. 42", ""])).to_pylist()
    [4, 7, 4, 0]
    """
    spoken = pc.replace_substring_regex(pc.utf8_lower(normal(texts)), "['’]", "")
    for pattern, kept in SILENT:
        spoken = pc.replace_substring_regex(spoken, pattern, kept)
    if not pc.all(pc.string_is_ascii(spoken)).as_py():
        spoken = pc.replace_substring_regex(pc.utf8_normalize(spoken, form="NFKD"), r"\p{M}+", "")
    without = pc.max_element_wise(pc.subtract(words(texts), counted(spoken, WITH_VOWEL)), 0, skip_nulls=False)
    return pc.add(counted(spoken, VOWELS), without)


def _apart(texts: pa.Array) -> pa.Array:
    """Put blanks around letters that are words by themselves."""
    return texts if pc.all(pc.string_is_ascii(texts)).as_py() else pc.replace_substring_regex(texts, ALONE, r" \1 ")
