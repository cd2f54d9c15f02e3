"""FF1, an encryption of strings of numerals by strings of as many numerals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tilth.errors import MissingExtra

ROUNDS = 10
BLOCK = 16  # bytes of a block of AES
LEAST_DOMAIN = 1_000_000  # strings that there must be of a length


@dataclass(frozen=True)
class FF1:
    """FF1 with AES, of numerals 0 to radix − 1. The key has 16, 24 or 32 bytes.

    Strings must be so long that there are a million of them (`shortest`): of fewer, a table of all could be made.

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
        width = ((self.radix**v - 1).bit_length() + 7) // 8  # bytes of a half
        block = self._aes()
        digest = self._digest(block, n, u, width)
        for i in rounds:
            changed, other = (i % 2, 1 - i % 2)
            y = self._pseudorandom(block, digest, i, halves[other], width)
            halves[changed] = (halves[changed] + sign * y) % sizes[changed]
        return [*self._numerals(halves[0], u), *self._numerals(halves[1], v)]

    def _digest(self, block: Any, n: int, u: int, width: int) -> tuple[bytes, bytes]:
        """What all rounds begin with: the state after P and the whole blocks of the tweak, and the bytes of the next one."""
        head = bytes([1, 2, 1]) + self.radix.to_bytes(3, "big") + bytes([ROUNDS, u % 256])
        p = head + n.to_bytes(4, "big") + len(self.tweak).to_bytes(4, "big")
        q = self.tweak + bytes((-len(self.tweak) - width - 1) % BLOCK)
        whole = len(q) // BLOCK * BLOCK
        state = bytes(BLOCK)
        for text in (p, *(q[at : at + BLOCK] for at in range(0, whole, BLOCK))):
            state = block(_xor(state, text))
        return state, q[whole:]

    def _pseudorandom(self, block: Any, digest: tuple[bytes, bytes], i: int, half: int, width: int) -> int:
        state, begun = digest
        text = begun + bytes([i]) + half.to_bytes(width, "big")
        for at in range(0, len(text), BLOCK):
            state = block(_xor(state, text[at : at + BLOCK]))
        size = 4 * ((width + 3) // 4) + 4
        more = [block(_xor(state, j.to_bytes(BLOCK, "big"))) for j in range(1, (size + BLOCK - 1) // BLOCK)]
        return int.from_bytes(b"".join([state, *more])[:size], "big")

    def _aes(self) -> Any:
        """AES of one block."""
        try:
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        except ImportError as error:
            raise MissingExtra.named("protect", "format-preserving encryption") from error
        return Cipher(algorithms.AES(self.key), modes.ECB()).encryptor().update  # noqa: S305 -- as FF1 is defined

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


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(BLOCK, "big")
