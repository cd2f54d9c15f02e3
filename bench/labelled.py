"""Labelled texts and columns for tests of finding sensitive data: values by Faker and python-stdnum, and values that only look like them.

`labelled.csv` says for each entity how its values are made. `faker`: by a method of a locale. `stdnum`: at random from a template, in which
# is a digit and @ a letter, until the module accepts a value, or with check digits added at the +. `shape`, `phone` and `npi`: from a
template, the latter two with further rules.
"""

from __future__ import annotations

import csv
import string
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

EACH, SEED = 20, 2026  # for the record in tests/entities/quality.csv
WITHOUT = ("", "ref", "for", "about", "with", "see")  # words before a value that do not say what it is


class Source(NamedTuple):
    """How values of an entity are made."""

    entity: str
    country: str
    label: str
    source: str
    form: str


class Labelled(NamedTuple):
    """A text and its values: first character, the one after the last, entity."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


@cache
def sources() -> tuple[Source, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8") as file:
        return tuple(Source(**row) for row in csv.DictReader(file))


class Maker:
    """Makes values and texts; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.random, self._seed, self._fakers = Random(seed), seed, dict[str, Any]()

    def value(self, source: Source) -> str:
        """A value of an entity."""
        if source.source == "faker":
            locale, method = source.form.split(".")
            return str(getattr(self.faker(locale), method)())
        if source.source == "stdnum":
            name, _, form = source.form.partition(" ")
            module = import_module(f"stdnum.{name}")
            if form.endswith("+"):
                return (made := self.drawn(form[:-1])) + module.calc_check_digits(made)
            return self._until(form, module.is_valid)
        if source.source == "npi":
            return self._until(source.form, lambda s: import_module("stdnum.luhn").is_valid(f"80840{s}"))
        if source.source == "phone":
            return self._until(source.form, north_american)
        return self.drawn(source.form)

    def faker(self, locale: str) -> Any:
        from faker import Faker

        if locale not in self._fakers:
            self._fakers[locale] = Faker(locale)
            self._fakers[locale].seed_instance(self._seed)
        return self._fakers[locale]

    def drawn(self, form: str) -> str:
        digits, letters = iter(f"{self.random.randrange(10**20):020}"), iter(self.random.choices(string.ascii_uppercase, k=form.count("@")))
        return "".join([next(digits) if c == "#" else next(letters) if c == "@" else c for c in form])

    def _until(self, form: str, valid: Callable[[str], bool]) -> str:
        return next(s for _ in range(1_000_000) if valid(s := self.drawn(form)))

    def words(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(self._words, k=self.random.randint(least, most)))

    @property
    def _words(self) -> tuple[str, ...]:
        return english(self.faker("en_US"))

    def text(self, source: Source, said: bool) -> Labelled:
        """A text with one value; `said`: whether a word before it says what it is."""
        before = f"{self.words(2, 7)} {source.label if said else self.random.choice(WITHOUT)}".rstrip() + self.random.choice(
            (" ", " ", ": ")
        )
        value = self.value(source)
        text = f"{before}{value}{self.random.choice(('', ',', '.'))} {self.words(2, 7)}"
        return Labelled(text, ((len(before), len(before) + len(value), source.entity),))

    def other(self) -> Labelled:
        """A text with something that looks sensitive but is not."""
        made = self.random.choice(NEGATIVES)(self)
        return Labelled(f"{self.words(2, 7)} {made} {self.words(2, 7)}", ())


@cache
def english(faker: Any) -> tuple[str, ...]:
    """Words for texts, without context words of sensitive data."""
    spoken = {"address", "card", "phone", "call", "account", "bank", "health", "check", "write", "contact", "identify", "order"}
    return tuple(w for w in faker.get_words_list() if w.lower() not in spoken)


def north_american(s: str) -> bool:
    """Whether `+1 (###) ###-####` is a number of the North American Numbering Plan."""
    area, exchange = s[4:7], s[9:12]
    return area[0] in "23456789" and exchange[0] in "23456789" and area[1] != "9" and "11" not in (area[1:], exchange[1:])


def changed(digits: str, random: Random) -> str:
    """The digits with another last digit."""
    return digits[:-1] + random.choice([d for d in string.digits if d != digits[-1]])


NEGATIVES: tuple[Callable[[Maker], str], ...] = (
    lambda m: f"order {m.random.randrange(10**9, 10**16)}",
    lambda m: f"invoice no. {m.random.randrange(10**8, 10**12)}",
    lambda m: m.drawn("tracking 1Z###@@#########"),
    lambda m: f"total ${m.random.randrange(1000, 10**6):,}.{m.random.randrange(10, 100)}",
    lambda m: f"paid {m.random.randrange(10**4, 10**9) / 100:.2f} EUR",
    lambda m: f"version {m.random.randrange(20)}.{m.random.randrange(200)}.{m.random.randrange(99)}.{m.random.randrange(99)}",
    lambda m: f"release v{m.random.randrange(20)}.{m.random.randrange(200)}.{m.random.randrange(10**5)}",
    lambda m: f"on {m.faker('en_US').date()} at {m.faker('en_US').time()}",
    lambda m: f"due {m.faker('en_US').date(pattern='%d.%m.%Y')}",
    lambda m: str(m.faker("en_US").iso8601()),
    lambda m: f"commit {m.random.randbytes(20).hex()}",
    lambda m: f"md5 {m.random.randbytes(16).hex()}",
    lambda m: str(m.faker("en_US").uuid4()),
    lambda m: f"ISBN {m.faker('en_US').isbn13()}",
    lambda m: f"EAN {m.faker('en_US').ean13()}",
    lambda m: f"at {m.random.randrange(1_500_000_000_000, 1_800_000_000_000)} ms",
    lambda m: f"at {m.random.uniform(-90, 90):.6f}, {m.random.uniform(-180, 180):.6f}",
    lambda m: m.drawn("part @@-####-####"),
    lambda m: f"size {m.random.randrange(1000)}x{m.random.randrange(1000)}x{m.random.randrange(1000)} mm",
    lambda m: f"{m.random.randrange(10**6, 10**9):,} rows",
    lambda m: changed(m.faker("en_US").credit_card_number(card_type="visa16"), m.random),
    lambda m: m.drawn("666-##-####"),
    lambda m: m.drawn("9##-00-####"),
    lambda m: f"{m.random.randrange(256, 999)}.{m.random.randrange(256)}.{m.random.randrange(256)}.1",
    lambda m: f"{m.faker('en_US').user_name()}@localhost",
    lambda m: f"logo@{m.random.randrange(2, 4)}x.png",
    lambda m: f"@{m.faker('en_US').user_name()} on the forum",
    lambda m: f"pkg@{m.random.randrange(20)}.{m.random.randrange(20)}.{m.random.randrange(20)}",
    lambda m: f"rooms {m.random.randrange(100, 999)}-{m.random.randrange(100, 999)}",
    lambda m: f"pages {m.random.randrange(1000, 1999)}-{m.random.randrange(2000, 2999)}",
    lambda m: f"score {m.random.random():.15f}",
    lambda m: m.drawn("batch ####-##-####-#"),
)


def texts(chosen: tuple[Source, ...], each: int, seed: int) -> Iterator[Labelled]:
    """`each` texts for each source, half of them with a word that says what the value is; and the same number of texts without a value."""
    maker = Maker(seed)
    for source in chosen:
        for i in range(each):
            yield maker.text(source, said=i % 2 == 0)
            yield maker.other()


def columns(chosen: tuple[Source, ...], rows: int, seed: int) -> Iterator[tuple[Source | None, list[str]]]:
    """A column of values for each source, and a column for each kind of values that only look sensitive."""
    maker = Maker(seed)
    for source in chosen:
        yield source, [maker.value(source) for _ in range(rows)]
    for negative in NEGATIVES:
        yield None, [negative(maker).split(" ", 1)[-1] for _ in range(rows)]


def scores(expected: list[Labelled], found: list[list[tuple[int, int, str]]]) -> dict[str, tuple[float, float, float]]:
    """Entity → precision, recall and F1. A finding is right if it overlaps a value of the same entity."""
    right, wrong, missed = dict[str, int](), dict[str, int](), dict[str, int]()
    for labelled, spans in zip(expected, found, strict=True):
        hit = set[int]()
        for start, end, entity in spans:
            those = [i for i, s in enumerate(labelled.spans) if s[2] == entity and start < s[1] and s[0] < end]
            hit.update(those)
            if not those:
                wrong[entity] = wrong.get(entity, 0) + 1
        for i, (_, _, entity) in enumerate(labelled.spans):
            counts = right if i in hit else missed
            counts[entity] = counts.get(entity, 0) + 1
    return {e: _score(right.get(e, 0), wrong.get(e, 0), missed.get(e, 0)) for e in sorted({*right, *wrong, *missed})}


def _score(right: int, wrong: int, missed: int) -> tuple[float, float, float]:
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def quality(each: int, seed: int) -> dict[str, tuple[float, float, float]]:
    """Entity → precision, recall and F1 of Tilth's detector for one country at a time, on texts with and without values of that country."""
    from tilth.entities import Detector

    found = dict[str, tuple[float, float, float]]()
    for country in sorted({s.country for s in sources()}):
        chosen = tuple(s for s in sources() if s.country == country)
        expected = list(texts(chosen, each, seed))
        spans = Detector(countries=(country,) if country else ()).spans([labelled.text for labelled in expected])
        found_here = scores(expected, [[(s.start, s.end, s.entity) for s in several] for several in spans])
        found |= {s.entity: found_here[s.entity] for s in chosen}
    return found


if __name__ == "__main__":
    print("entity,precision,recall")
    for entity, (precision, recall, _) in sorted(quality(EACH, SEED).items()):
        print(f"{entity},{precision:.3f},{recall:.3f}")
