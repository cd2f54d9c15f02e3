"""redact: values that say who somebody is are hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, reduce
from itertools import takewhile
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema, select, words_of
from tilth.encryption.keys import beside
from tilth.engine.expressions import lit
from tilth.entities.mentions import PERSON_NAME
from tilth.errors import Mistake, RequestError, TilthError, listed
from tilth.shelf import PYTHON_ONLY
from tilth.steps.protect.action import Action
from tilth.steps.protect.cells import EVERY, Found, detector, with_findings
from tilth.steps.protect.dates import DateShift, MaskDate
from tilth.steps.protect.format_preserving import FormatPreserving
from tilth.steps.protect.generalising import Generalise
from tilth.steps.protect.hashing import Encoding, Normalise, Pseudonym, Sha256
from tilth.steps.protect.keys import key_id
from tilth.steps.protect.masking import Masking
from tilth.steps.protect.randomising import Random, Shuffle
from tilth.steps.protect.replacing import Detect, Drop, DropRow, Null, Replace
from tilth.steps.protect.tokens import Token
from tilth.steps.step import ColumnStep, Learned, Learning, Selector, Step, kept_private, reject_clashes

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
FINDING = ("find", "names", "countries", "sensitivity", "findings", "details")  # parameters of what is found in texts
IDS = (Kind.STRING, Kind.INTEGER, Kind.BOOLEAN)  # kinds of what identifies: every engine writes them alike
UNKEYED = "is not a protection: all of a billion numbers are hashed in minutes; `with: hash` uses a key"


@dataclass(frozen=True)
class Redact(ColumnStep):
    """Values that say who somebody is are hidden.

    | `with` | what becomes of a value |
    |---|---|
    | `hash` | a pseudonym: HMAC-SHA-256 under the `key`, in base32; that of equal values of one `domain` is equal in every table and run |
    | `token` | AES-SIV under the `key`, from which the key makes the value again; bound to the name of the column, or a `context` |
    | `format_preserving` | FF1 under the `key`: the characters of the `alphabet` become others of it, the rest stays |
    | `mask` | a `character` in place of each, but for `keep_left` and `keep_right` at the ends, or only of those `matching` a pattern |
    | `replace` | the `text` |
    | `null`, `drop` | null; `drop` takes the column away |
    | `drop_row` | the row goes that has a value, with `find` one in which something is found: only in `rows` |
    | `generalise` | the interval of `bins` in which a number lies, such as 30–39, or the first `digits` characters |
    | `mask_date` | the first day of the month, quarter, year or decade (`part`), or the day of a time |
    | `date_shift` | the date, −`days` to `days` later, one person (`by`) alike under the `key`; by the ends of the calendar it stays |
    | `random` | a value between `low` and `high`, which depends on what identifies the row (`by`) and the `seed` |
    | `shuffle` | the column's value of another row: only in `rows` |
    | `sha256` | the SHA-256, without a key: for comparison with what others made; a run warns of it |
    | `detect` | nothing: what is found is noted in the column `findings` |

    With `find` only the parts of a text are hidden in which one of these entities is found, by `hash`, `token`, `format_preserving`,
    `mask`, `replace` (by the name of the entity in brackets, if there is no `text`) or `sha256`; the rest stays. `drop_row` drops
    the row. `findings` is a new column, a map from columns to lists of structs `entityType`, `actionUsed`, `start`, `end`, with places in
    characters of the text as it was, the end behind the last.

    Null stays null, and an empty string stays empty. Wherever a string is made, other values are written as strings first.
    Where fewer than four characters would be hidden by `mask`, all are. Keys for each way and `domain` are derived from the `key`, which is
    a reference; a fitted flow holds the reference and the id of the key. A fitted step is applied with that key, also when a newer one is
    active. `hash`, `token`, `format_preserving`, `date_shift` and `sha256` run as Python on every engine, which `tilth plan` marks.

    Elsewhere: DataBrew's CRYPTOGRAPHIC_HASH, DETERMINISTIC_ENCRYPT, MASK_RANGE, MASK_DATE, REPLACE_WITH_RANDOM_BETWEEN, SHUFFLE_ROWS.

    Errors: a key that is missing or not that with which the step was fitted; a column of a kind that cannot be hidden so; a value of
    `format_preserving` with fewer than a million values of its length, or wrong check digits.

    >>> print(Redact("card", with_="mask", keep_right=4))
    redact(columns='card', with='mask', keep_right=4)
    """

    name = "redact"
    parts = frozenset({"rows", "features"})

    with_: Literal[
        "hash", "token", "format_preserving", "mask", "replace", "null", "drop", "drop_row", "generalise", "mask_date", "date_shift",
        "random", "shuffle", "sha256", "detect",
    ] = "hash"  # fmt: skip
    """How values are hidden."""
    find: tuple[str, ...] = ()
    """The entities that are looked for in texts, such as `[EMAIL, CREDIT_CARD]`; `[all]` are those of no country and of the
    `countries`. PERSON_NAME is found by `names`. Default: whole cells are hidden."""
    names: Selector = ()
    """`find`: the columns with the names of the row's person, such as `[first_name, last_name]`. Each of their words is found in the texts
    of the row as PERSON_NAME. This step stands before the one that hides the names."""
    countries: tuple[str, ...] = ()
    """`find`: countries whose numbers are looked for, such as `[US, CA]`. `normalise: e164`: those whose telephone numbers are written
    without `+`, the likeliest first."""
    sensitivity: float | Literal["low", "high"] = "low"
    """`find`: what is found: `low` only what is sure, `high` also what looks like it, or the least score, 0 to 1."""
    findings: str = ""
    """`find`: the column that notes what was found. Default: none."""
    details: bool = False
    """`findings`: whether structs say `score`, `tier` and `rule`, too."""
    key: str = ""
    """`hash`, `token`, `format_preserving`, `date_shift`: the reference to the key, such as `file:secrets/tilth.key`,
    whose path is relative to the flow file; by default that of the flow, under `protect`. `shuffle`: with a key
    only who has it can undo it."""
    key_id: str = ""
    """The id of a key that was retired: for the pseudonyms and tokens that were made before it was rotated. Default: the active key."""
    domain: str = "default"
    """What the key is derived for: values of one domain become the same, of two domains they cannot be linked."""
    context: str = ""
    """`token`, `format_preserving`: what values are bound to; equal ones of one context and domain become the same in every table, whatever
    their columns are called. Default: the name of the column."""
    normalise: Normalise = "none"
    """`hash`: what counts as the same value: `trim` removes blanks at the ends, `casefold` also the difference of upper and lower case
    (as of e-mail addresses), `digits` all but digits (as of cards), `e164` what telephone numbers are written with, and in which form:
    abroad, or within the `countries`."""
    encoding: Encoding = "base32"
    """`hash`: how the pseudonym is written; `int64` is a 64-bit integer."""
    length: int = 128
    """`hash`: the bits of the pseudonym."""
    alphabet: str = "digits"
    """`format_preserving`: `digits`, `lower`, `upper`, `letters`, `alphanumeric`, or the characters themselves."""
    keep_check: bool = False
    """`format_preserving`: whether the check digits of cards and IBANs are left out, and are right afterwards."""
    invalid: Literal["error", "null"] = "error"
    """`format_preserving`: what becomes of a value that is too short or has wrong check digits."""
    keep_left: int = 0
    """`mask`: the characters at the start that stay."""
    keep_right: int = 0
    """`mask`: the characters at the end that stay."""
    character: str = "*"
    """`mask`: what stands in place of a character."""
    matching: str = ""
    """`mask`: the pattern of the characters that are hidden, such as `[0-9]`. Default: all."""
    text: str = ""
    """`replace`: the text. Default: `[REDACTED]`."""
    bins: int | tuple[float, ...] | None = None
    """`generalise`: the width of intervals of whole numbers, or the edges between them, in rising order."""
    digits: int | None = None
    """`generalise`: how many characters at the start stay."""
    part: Literal["day", "month", "quarter", "year", "decade"] = "month"
    """`mask_date`: what stays known."""
    by: Selector = ()
    """`date_shift`: the column that says whose date it is. `random`, `shuffle`: those that identify a row. Default: the role id."""
    days: int = 180
    """`date_shift`: the most days by which a date is moved."""
    low: float | str | None = None
    """`random`: the smallest value, a number or a day."""
    high: float | str | None = None
    """`random`: the largest value."""
    seed: int = 0
    """`random`, `shuffle`: another seed gives other values."""

    def __post_init__(self) -> None:
        RequestError.reject([*self._mistakes(), *self.action.mistakes()])
        if self.action.only_rows:
            object.__setattr__(self, "parts", frozenset({"rows"}))

    def _mistakes(self) -> Iterator[Mistake]:
        given = {f.name for f in fields(self) if f.metadata != PYTHON_ONLY and getattr(self, f.name) != f.default}
        for name in sorted(given.difference(self.action.takes, {"columns", "into", "with_", *FINDING})):
            those = listed(k for k, action in ACTIONS.items() if name in action.takes)
            yield Mistake(f"redact: `{name}` is for {those}, not for {self.with_}", code="bad-policy")
        yield from self._unfit_find(given)
        if not self.domain:
            yield Mistake("redact: `domain` is empty", accepted="a word for what is hidden, such as customer", code="bad-value")

    def _unfit_find(self, given: set[str]) -> Iterator[Mistake]:
        """What is wrong with how texts are searched."""
        if self.find and not self.action.in_texts:
            those = listed(k for k, action in ACTIONS.items() if action.in_texts)
            yield Mistake(f"redact: {self.with_} cannot hide a part of a text", accepted=those, code="bad-policy")
        if self.find:
            try:
                detector(self.find, self.countries, self.sensitivity)
            except TilthError as error:
                yield from error.mistakes
        for name in sorted(given.intersection(FINDING)):
            if not self.find and not (name == "countries" and self.normalise == "e164"):
                yield Mistake(f"redact: `{name}` is for what is found in texts", hint="say `find: [EMAIL]`", code="bad-policy")
        if bool(self.names) != (PERSON_NAME in self.find) and not (self.names and self.find == (EVERY,)):
            hint = "`find: [PERSON_NAME], names: [first_name, last_name]`"
            yield Mistake("redact: PERSON_NAME is found by `names`, the columns with the names of the row", hint=hint, code="bad-policy")
        if self.with_ == "detect" and not (self.find and self.findings):
            yield Mistake("redact: `detect` notes what is found", accepted="`find` and `findings`", code="bad-policy")

    @cached_property
    def action(self) -> Action:
        """The way in which values are hidden."""
        return ACTIONS[self.with_](self)

    @property
    def warns(self) -> Mapping[str, str]:
        return {"UNKEYED_HASH": f"{self} {UNKEYED}"} if self.with_ == "sha256" else {}

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        if self.findings:
            reject_clashes(self.name, schema, {"": {self.findings: lit(0)}})
        if self.with_ == "drop" and set(select(self.columns, schema, roles)) == {c.name for c in schema.columns}:
            raise RequestError("redact: no column would be left", accepted="some of the columns to drop", code="no-columns")
        by = self._identifying(schema, roles) if self.action.needs_id else ()
        names = self._names(schema, roles)
        RequestError.reject(self.unfit(map(schema.__getitem__, names), lambda c: "" if c.kind is Kind.STRING else "is not of names"))
        return (yield from super(Redact, replace(self, by=by, names=names)).learning(schema, roles))

    def _identifying(self, schema: Schema, roles: Roles) -> tuple[str, ...]:
        """The columns that identify a row, or a person."""
        by = self._by(schema, roles)
        RequestError.reject(
            self.unfit(map(schema.__getitem__, by), lambda c: "" if c.kind in IDS else "cannot identify (cast it to a string)")
        )
        if not by or (self.with_ == "date_shift" and len(by) > 1):
            hint = "say `by: COLUMN`, or give one column the role id"
            raise RequestError(f"redact: {self.with_} needs one column that says whose value it is", hint=hint, code="no-key")
        return by

    def _by(self, schema: Schema, roles: Roles) -> tuple[str, ...]:
        return select(self.by, schema, roles) if self.by else tuple(c for c in roles.id if c in schema)

    def _names(self, schema: Schema, roles: Roles) -> tuple[str, ...]:
        return select(self.names, schema, roles) if self.names else ()

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        keyed = {"key_id": self.key_id or key_id(self.key)} if self._keyed else {}
        return {**keyed, **({"by": list(self.by)} if self.action.needs_id else {}), **({"names": list(self.names)} if self.names else {})}

    @property
    def _keyed(self) -> bool:
        return bool(self.action.purpose) and (self.with_ != "shuffle" or bool(self.key))

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        if self._keyed and not self.key:
            hint = "`key: file:secrets/tilth.key`, after `tilth protect key new secrets/tilth.key`"
            return (*super().refused(roles), Mistake(f"redact: {self.with_} needs a key", accepted="a reference", hint=hint, code="no-key"))
        return super().refused(roles)

    def mismatched(self, others: Iterable[Step]) -> tuple[Mistake, ...]:
        earlier = [s for s in takewhile(lambda s: s is not self, others) if isinstance(s, Redact) and not (s.find or s.into)]
        hidden = {word for s in earlier for word in words_of(s.columns)}.intersection(words_of(self.names))
        hint = "put this step before that one"
        message = f"redact: {listed(sorted(hidden))} is hidden by an earlier step, so no name is found by it"
        return (Mistake(message, hint=hint, code="wrong-order"),) if hidden else ()

    def under_key(self, key: str, folder: str) -> Redact:
        return replace(self, key=beside(self.key, folder) or key) if self._keyed else self

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        found = self._found(column, learned)
        return {column.name: found.of(column) if found else self.action.change(column, **learned)}

    def _found(self, column: Column, learned: Mapping[str, Any], noted: bool = False) -> Found | None:
        """What hides parts of a text; None where whole cells are hidden."""
        if not self.find:
            return None
        one = self.action.of_text(column.name, **learned)
        names = tuple(learned.get("names", ()))
        return Found(column.name, self.find, self.countries, self.sensitivity, self.with_, one, noted, self.details, names)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        if self.findings and learned:
            found = [(schema[c], self.out(c), one) for c, state in learned.items() if (one := self._found(schema[c], state, noted=True))]
            return self._kept_private(with_findings(data, found, self.findings, self.details), learned)
        if not self.action.only_rows:
            return super().made(data, schema, learned)
        for column, state in learned.items():
            text = self._found(schema[column], state)
            data = self.action.moved(data, column, self.out(column), state, text.of(schema[column]) if text else None)
        return self._kept_private(data, learned)

    def _kept_private(self, data: Dataset, learned: Learned) -> Dataset:
        return reduce(lambda made, c: kept_private(made, [self.out(c)], [c]), learned, data)

    @property
    def keeps_rows(self) -> bool:
        return not self.action.only_rows

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        touched = super().touches(schema, roles)
        if touched is None or self.action.only_rows:
            return None
        by = self._by(schema, roles) if self.action.needs_id else ()
        return touched.union(by, self._names(schema, roles), [self.findings] if self.findings else ())

    def accepts(self, column: Column) -> str:
        if self.find:
            return "" if column.kind is Kind.STRING else "is not of strings, in which something is found"
        return self.action.accepts(column)

    @property
    def adds_columns(self) -> bool:
        return super().adds_columns or bool(self.findings)

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        lists = (("by", self.action.needs_id), ("names", bool(self.names)))
        return {**({"key_id": str} if self._keyed else {}), **{name: list[str] for name, needed in lists if needed}}

    def by_name_only(self, schema: Schema) -> bool:
        return super().by_name_only(schema) and not (self.action.needs_id and not self.by)
