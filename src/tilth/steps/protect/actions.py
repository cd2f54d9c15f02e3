"""The methods of `redact`, and which parameters each uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tilth.entities.mentions import PERSON_NAME
from tilth.errors import Mistake, TilthError, listed
from tilth.steps.protect.action import Action
from tilth.steps.protect.cells import EVERY, detector
from tilth.steps.protect.dates import DateShift, MaskDate
from tilth.steps.protect.format_preserving import FormatPreserving
from tilth.steps.protect.generalising import Generalise
from tilth.steps.protect.hashing import Pseudonym, Sha256
from tilth.steps.protect.masking import Masking
from tilth.steps.protect.randomising import Random, Shuffle
from tilth.steps.protect.replacing import Detect, Drop, DropRow, Null, Replace
from tilth.steps.protect.tokens import Token
from tilth.steps.step import of_other_ways

if TYPE_CHECKING:
    from tilth.steps.protect.redact import Redact

ACTIONS: Mapping[str, type[Action]] = {
    "hash": Pseudonym,
    "token": Token,
    "format_preserving": FormatPreserving,
    "mask": Masking,
    "replace": Replace,
    "null": Null,
    "drop": Drop,
    "drop_row": DropRow,
    "generalise": Generalise,
    "mask_date": MaskDate,
    "date_shift": DateShift,
    "random": Random,
    "shuffle": Shuffle,
    "sha256": Sha256,
    "detect": Detect,
}
FINDING = ("find", "names", "countries", "sensitivity", "findings", "details")  # parameters for searching texts


def mistakes_of(step: Redact) -> Iterator[Mistake]:
    """Mistakes in the parameters of a step `redact`, except those that only its method can detect."""
    yield from of_other_ways(step, ACTIONS, "columns", "into", *FINDING)
    yield from _unfit_find(step)
    if not step.domain:
        yield Mistake("redact: `domain` is empty", accepted="a word for what is hidden, such as customer", code="bad-value")


def _unfit_find(step: Redact) -> Iterator[Mistake]:
    """Mistakes in the parameters for searching texts."""
    if step.find and not step.action.in_texts:
        those = listed(k for k, action in ACTIONS.items() if action.in_texts)
        yield Mistake(f"redact: {step.with_} cannot hide a part of a text", accepted=those, code="bad-policy")
    if step.find:
        try:
            detector(step.find, step.countries, step.sensitivity)
        except TilthError as error:
            yield from error.mistakes
    for name in sorted(step.parameters().keys() & FINDING):
        if not step.find and not (name == "countries" and step.normalise == "e164"):
            yield Mistake(f"redact: `{name}` is for what is found in texts", hint="say `find: [EMAIL]`", code="bad-policy")
    if bool(step.names) != (PERSON_NAME in step.find) and not (step.names and step.find == (EVERY,)):
        hint = "`find: [PERSON_NAME], names: [first_name, last_name]`"
        yield Mistake("redact: PERSON_NAME is found by `names`, the columns with the names of the row", hint=hint, code="bad-policy")
    if step.with_ == "detect" and not (step.find and step.findings):
        yield Mistake("redact: `detect` notes what is found", accepted="`find` and `findings`", code="bad-policy")
