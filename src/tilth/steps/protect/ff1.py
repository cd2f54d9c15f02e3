"""FF1: format-preserving encryption of strings of numerals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from tilth.errors import extra

ROUNDS = 10
BLOCK = 16  # bytes of a block of AES
LEAST_DOMAIN = 1_000_000  # strings that there must be of a length


@dataclass(frozen=True)
class FF1:
    """FF1 with AES, for numerals 0 to radix − 1. The key has 16, 24 or 32 bytes.

    Strings must have at least a million possible values of their length (`shortest`), because a table of fewer could be built.

    Source: NIST SP 800-38G, revision 1 (second draft, 2025), algorithms 7 and 8.

    >>> key = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
    >>> FF1(key, 10).encrypt([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    [2, 4, 3, 3, 4, 7, 7, 4, 8, 4]
    """

    key: bytes = field(repr=False)
    radix: int
    tweak: bytes = b""

    @property
    def shortest(self) -> int:
        """The least number of numerals."""
        n = 2
        while self.radix**n < LEAST_DOMAIN:
            n += 1
        return n

    def encrypt(self, numerals: Sequence[int]) -> list[int]:
        """The numerals, encrypted."""
        return self._rounds(numerals, range(ROUNDS), 1)

    def decrypt(self, numerals: Sequence[int]) -> list[int]:
        """The numerals that were encrypted."""
        return self._rounds(numerals, range(ROUNDS - 1, -1, -1), -1)

    def _rounds(self, numerals: Sequence[int], rounds: range, sign: int) -> list[int]:
        n = len(numerals)
        u, v = n // 2, n - n // 2
        sizes = (self.radix**u, self.radix**v)
        halves = [self._number(numerals[:u]), self._number(numerals[u:])]
        pseudorandom = self._of_length[n]
        for i in rounds:
            changed, other = (i % 2, 1 - i % 2)
            halves[changed] = (halves[changed] + sign * pseudorandom(i, halves[other])) % sizes[changed]
        return [*self._numerals(halves[0], u), *self._numerals(halves[1], v)]

    @cached_property
    def _of_length(self) -> _Lengths:
        return _Lengths(self)

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # the cipher cannot be sent to another process

    def _number(self, numerals: Sequence[int]) -> int:
        number = 0
        for numeral in numerals:
            number = number * self.radix + numeral
        return number

    def _numerals(self, number: int, n: int) -> list[int]:
        found = [0] * n
        for i in range(n - 1, -1, -1):
            number, found[i] = divmod(number, self.radix)
        return found


class _Lengths(dict[int, Callable[[int, int], int]]):
    """The function of the rounds, for each length that was met: of a round and a half, to the number that is added to the other half."""

    def __init__(self, cipher: FF1) -> None:
        super().__init__()
        self._cipher, self._block = cipher, _aes(cipher.key)

    def __missing__(self, n: int) -> Callable[[int, int], int]:
        radix, tweak, block = self._cipher.radix, self._cipher.tweak, self._block
        u, v = n // 2, n - n // 2
        width = ((radix**v - 1).bit_length() + 7) // 8  # bytes of a half
        size = 4 * ((width + 3) // 4) + 4
        p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([ROUNDS, u % 256]) + n.to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
        q = tweak + bytes((-len(tweak) - width - 1) % BLOCK)
        whole = len(q) // BLOCK * BLOCK
        state = _chained(block, bytes(BLOCK), p + q[:whole])
        begun = int.from_bytes(q[whole:], "big") << 8
        length, shift = len(q) - whole + 1 + width, 8 * width
        if length > BLOCK or size > BLOCK:

            def long(i: int, half: int) -> int:
                last = _chained(block, state, ((begun | i) << shift | half).to_bytes(length, "big"))
                more = [block(_xor(last, j.to_bytes(BLOCK, "big"))) for j in range(1, (size + BLOCK - 1) // BLOCK)]
                return int.from_bytes(b"".join([last, *more])[:size], "big")

            self[n] = long
            return long
        start, dropped = int.from_bytes(state, "big") ^ begun << shift, 8 * (BLOCK - size)

        def short(i: int, half: int) -> int:
            found: int = int.from_bytes(block((start ^ (i << shift) ^ half).to_bytes(BLOCK, "big")), "big") >> dropped
            return found

        self[n] = short
        return short


def _aes(key: bytes) -> Callable[[bytes], bytes]:
    """AES of blocks."""
    with extra("protect", "format-preserving encryption"):
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305 -- as FF1 is defined


def _chained(block: Callable[[bytes], bytes], state: bytes, text: bytes) -> bytes:
    """The last block of the text's CBC encryption from a state on."""
    for at in range(0, len(text), BLOCK):
        state = block(_xor(state, text[at : at + BLOCK]))
    return state


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(BLOCK, "big")
