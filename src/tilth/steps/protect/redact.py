"""redact: values that say who somebody is are hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import chain, takewhile
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema, select, words_of
from tilth.encryption.keys import beside
from tilth.engine.expressions import lit
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.protect.action import Action
from tilth.steps.protect.actions import ACTIONS, mistakes_of
from tilth.steps.protect.cells import Found, with_findings
from tilth.steps.protect.hashing import Encoding, Normalise
from tilth.steps.protect.keys import key_id
from tilth.steps.step import ColumnStep, Learned, Learning, Selector, Step, kept_private, reject_clashes

IDS = (Kind.STRING, Kind.INTEGER, Kind.BOOLEAN)  # kinds of identifiers, which every engine writes identically
UNKEYED = "is not a protection: all of a billion numbers are hashed in minutes; `with: hash` uses a key"


@dataclass(frozen=True)
class Redact(ColumnStep):
    """Hides personal data.

    | `with` | result |
    |---|---|
    | `hash` | a pseudonym: HMAC-SHA-256 under the `key`, in base32; the same for equal values of one `domain` in every table and run |
    | `token` | AES-SIV under the `key`, which can restore the value; bound to the name of the column, or a `context` |
    | `format_preserving` | FF1 under the `key`: characters of the `alphabet` are replaced by others of it, the rest stays |
    | `mask` | a `character` instead of each, except `keep_left` and `keep_right` at the ends, or only of those `matching` a pattern |
    | `replace` | the `text` |
    | `null`, `drop` | null; `drop` removes the column |
    | `drop_row` | drops rows that have a value, with `find` rows in which something is found: only in `rows` |
    | `generalise` | the interval of `bins` that a number falls into, such as 30–39, or the first `digits` characters |
    | `mask_date` | the first day of the month, quarter, year or decade (`part`), or the day of a time |
    | `date_shift` | the date moved by −`days` to `days`, equally for a person (`by`), under the `key`; not past the calendar's ends |
    | `random` | a value between `low` and `high`, determined by what identifies the row (`by`) and the `seed` |
    | `shuffle` | the column's value of another row: only in `rows` |
    | `sha256` | the SHA-256, without a key: to match hashes that others made; a run warns about it |
    | `detect` | unchanged: what is found is recorded in the column `findings` |

    With `find`, only the parts of a text that match one of these entities are hidden, by `hash`, `token`, `format_preserving`, `mask`,
    `replace` (by the name of the entity in brackets, if there is no `text`) or `sha256`; the rest stays. `drop_row` drops the row.
    `findings` is a new column, a map from columns to lists of structs `entityType`, `actionUsed`, `start`, `end`; positions count
    characters of the original text, and the end is exclusive.

    Null stays null, and an empty string stays empty. If the result is a string, other values are first converted to strings. If `mask`
    would hide fewer than four characters, it hides all. A separate key for each method and `domain` is derived from the `key`, which is a
    reference; a fitted flow holds the reference and the id of the key. A fitted step uses that key, even if a newer one is active. `hash`,
    `token`, `format_preserving`, `date_shift` and `sha256` run as Python on every engine; `tilth plan` marks this.

    Elsewhere: DataBrew's CRYPTOGRAPHIC_HASH, DETERMINISTIC_ENCRYPT, MASK_RANGE, MASK_DATE, REPLACE_WITH_RANDOM_BETWEEN, SHUFFLE_ROWS.

    Errors: a key that is missing or is not the one the step was fitted with; a column of a kind that the method cannot hide; for
    `format_preserving`, a value with fewer than a million possible values of its length, or with wrong check digits.

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
    """The entities to look for in texts, such as `[EMAIL, CREDIT_CARD]`; `[all]` means international ones and those of the `countries`.
    PERSON_NAME needs `names`. Default: the whole value is hidden."""
    names: Selector = ()
    """`find`: the columns with the names of the row's person, such as `[first_name, last_name]`. Each of their words is found in the texts
    of the row as PERSON_NAME. Put this step before the one that hides the names."""
    countries: tuple[str, ...] = ()
    """`find`: the countries of national numbers to look for, such as `[US, CA]`. `normalise: e164`: the countries of telephone numbers
    without `+`, the likeliest first."""
    sensitivity: float | Literal["low", "high"] = "low"
    """`find`: `low` finds only what is certain, `high` also what looks similar; or a minimum score, 0 to 1."""
    findings: str = ""
    """`find`: the column that records what was found. Default: none."""
    details: bool = False
    """`findings`: whether structs also have `score`, `tier` and `rule`."""
    key: str = ""
    """`hash`, `token`, `format_preserving`, `date_shift`: the reference to the key, such as `file:secrets/tilth.key` (relative to the flow
    file). Default: the key of the flow, under `protect`. `shuffle`: with a key, only its owner can undo the shuffle."""
    key_id: str = ""
    """The id of a retired key, for pseudonyms and tokens made before the rotation. Default: the active key."""
    domain: str = "default"
    """Equal values of one domain get equal results; values of different domains cannot be linked."""
    context: str = ""
    """`token`, `format_preserving`: what values are bound to; equal values of one context and domain get equal results in every table,
    whatever their columns are called. Default: the name of the column."""
    normalise: Normalise = "none"
    """`hash`: what counts as the same value: `trim` removes spaces at the ends, `casefold` also ignores case (for e-mail addresses),
    `digits` removes everything except digits (for cards), `e164` removes the punctuation of telephone numbers and the difference between
    international and national notation."""
    encoding: Encoding = "base32"
    """`hash`: the encoding of the pseudonym; `int64` is a 64-bit integer."""
    length: int = 128
    """`hash`: the bits of the pseudonym."""
    alphabet: str = "digits"
    """`format_preserving`: `digits`, `lower`, `upper`, `letters`, `alphanumeric`, or the characters themselves."""
    keep_check: bool = False
    """`format_preserving`: whether to leave out the check digits of cards and IBANs, and compute them afterwards."""
    invalid: Literal["error", "null"] = "error"
    """`format_preserving`: what happens to a value that is too short or has wrong check digits."""
    keep_left: int = 0
    """`mask`: the characters at the start that stay."""
    keep_right: int = 0
    """`mask`: the characters at the end that stay."""
    character: str = "*"
    """`mask`: the replacement for a character."""
    matching: str = ""
    """`mask`: the pattern of the characters to hide, such as `[0-9]`. Default: all."""
    text: str = ""
    """`replace`: the text. Default: `[REDACTED]`."""
    bins: int | tuple[float, ...] | None = None
    """`generalise`: the width of intervals of integers, or the edges between intervals, in rising order."""
    digits: int | None = None
    """`generalise`: how many characters at the start stay."""
    part: Literal["day", "month", "quarter", "year", "decade"] = "month"
    """`mask_date`: what to keep."""
    by: Selector = ()
    """`date_shift`: the column that identifies the person. `random`, `shuffle`: the columns that identify a row. Default: the role id."""
    days: int = 180
    """`date_shift`: the largest shift in days."""
    low: float | str | None = None
    """`random`: the smallest value, a number or a date."""
    high: float | str | None = None
    """`random`: the largest value."""
    seed: int = 0
    """`random`, `shuffle`: another seed gives other values."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action.only_rows:
            object.__setattr__(self, "parts", frozenset({"rows"}))

    def mistakes(self) -> Iterator[Mistake]:
        return chain(mistakes_of(self), self.action.mistakes())

    @cached_property
    def action(self) -> Action:
        """The method that hides values."""
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
        """The function that hides parts of a text; None if whole cells are hidden."""
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
