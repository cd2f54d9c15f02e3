"""Words of texts, and sequences of words, found in whole Arrow arrays.

ASCII texts are split at bytes that are not part of words. Other texts are split by Python, which knows all letters, and joined with
blanks again.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.engine.arrow import as_numpy, mask_of

WORD = re.compile(r"\b\w\w+\b")
OF_WORDS = set(f"{string.ascii_letters}{string.digits}_".encode())
AS_IS = bytes(byte if byte in OF_WORDS or byte > 127 else ord(" ") for byte in range(256))
LOWER = AS_IS.lower()


def words_of(text: str, lowercase: bool) -> list[str]:
    """The words of a text: runs of two or more letters, digits and `_`.

    >>> words_of("It's a dark-red Coat", lowercase=True)
    ['it', 'dark', 'red', 'coat']
    """
    return WORD.findall(text.lower() if lowercase else text)


@dataclass(frozen=True)
class Words:
    """The words of texts, and sequences of words with the lengths in `ngram_range`, joined by blanks; without the `stop_words`.

    Called with an array of strings, it returns all words as one array, and the index of the text of each. Null has no words.

    >>> words, texts = Words(ngram_range=(1, 2))(pa.array(["Dark red", None, "red"]))
    >>> words.to_pylist(), texts.tolist()
    (['dark', 'red', 'red', 'dark red'], [0, 0, 2, 0])
    """

    lowercase: bool = True
    ngram_range: tuple[int, int] = (1, 1)
    stop_words: tuple[str, ...] = ()

    def __call__(self, texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
        words, places = self._words(texts.fill_null(""))
        if self.stop_words:
            kept = pc.invert(pc.is_in(words, pa.array(self._stopped, pa.string())))
            words, places = words.filter(kept), places[as_numpy(kept)]
        low, high = self.ngram_range
        found = [_sequences(words, places, n) for n in range(low, high + 1)]
        return pa.concat_arrays([grams for grams, _ in found]), np.concatenate([of for _, of in found])

    def of(self, text: str) -> list[str]:
        """The words of one text.

        >>> Words(ngram_range=(1, 2)).of("Dark red")
        ['dark', 'red', 'dark red']
        """
        words = [word for word in words_of(text, self.lowercase) if word not in self._stopped]
        low, high = self.ngram_range
        return [" ".join(words[i : i + n]) for n in range(low, high + 1) for i in range(len(words) - n + 1)]

    @cached_property
    def _stopped(self) -> frozenset[str]:
        return frozenset(word.lower() if self.lowercase else word for word in self.stop_words)

    def _words(self, texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
        plain = pc.string_is_ascii(texts)
        if pc.all(plain).as_py() is False:
            others = texts.filter(pc.invert(plain)).to_pylist()
            read = pa.array([" ".join(words_of(text, self.lowercase)) for text in others], pa.string())
            texts = pc.replace_with_mask(texts, pc.invert(plain), read)
        parts = pc.ascii_split_whitespace(_translated(texts, LOWER if self.lowercase else AS_IS))
        words = pc.list_flatten(parts)
        long = pc.greater_equal(pc.binary_length(words), 2)
        return words.filter(long), as_numpy(pc.list_parent_indices(parts).filter(long))


def _translated(texts: pa.Array, table: bytes) -> pa.Array:
    """Replace each byte of texts, which must not be null, by another one."""
    _, ends, data = texts.buffers()
    offsets = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    written = b"" if data is None else data.slice(offsets[0], offsets[-1] - offsets[0]).to_pybytes().translate(table)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets - offsets[0]), pa.py_buffer(written))


def _sequences(words: pa.Array, places: np.ndarray, n: int) -> tuple[pa.Array, np.ndarray]:
    """Every n consecutive words of a text, with the index of the text."""
    if n == 1:
        return words, places
    size = max(len(words) - n + 1, 0)
    together = places[:size] == places[len(places) - size :]
    joined = pc.binary_join_element_wise(*(words.slice(i, size) for i in range(n)), " ")
    return joined.filter(mask_of(together)), places[:size][together]
