"""What a column is for: label, facet, id, time and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from tilth.data.schema import NUMBERS, Schema
from tilth.errors import ColumnError, Mistake, RequestError, unknown

COMPUTED = ("facet", "group")  # roles for features computed from texts or images
CONTENT = "@"  # between a column of texts or images and the feature computed from it


@dataclass(frozen=True)
class Roles:
    """The columns of each role.

    >>> Roles.of(label="approved", positive="yes", facet=["sex", "age"]).facet
    ('sex', 'age')
    """

    label: str | None = None
    """The column to be predicted."""
    positive: tuple[Any, ...] = ()
    """The label's value (or values) that counts as the favourable outcome."""
    prediction: str | None = None
    """A model's prediction."""
    facet: tuple[str, ...] = ()
    """Columns against which bias is measured; or what is computed of a text or image: `@length_words`, `path@brightness`."""
    id: tuple[str, ...] = ()
    """What identifies a row."""
    time: str | None = None
    """When the row was created. Rows of a table with a time are not shuffled or split at random unless the flow says so."""
    group: tuple[str, ...] = ()
    """Strata for conditional demographic disparity, also computed ones as of `facet`; groups that a split may not divide."""
    weight: str | None = None
    """A row's weight."""
    split: str | None = None
    """The part of a split that was made elsewhere."""
    fold: str | None = None
    """The fold of cross-validation in which a row is tested."""
    text: tuple[str, ...] = ()
    """Free text: no categories, so selectors by kind leave it out."""
    image: tuple[str, ...] = ()
    """Images, as bytes or as the places of files: selectors by kind leave them out."""
    private: tuple[str, ...] = ()
    """Values that are masked wherever they are shown."""

    @classmethod
    def of(cls, **given: Any) -> Roles:
        """Roles from names or lists of names; a single name means a list of one."""
        known = [f.name for f in fields(cls)]
        RequestError.reject(unknown(given, known, "there is no role {}", "unknown-role"))
        several = {r: (v,) if not isinstance(v, list | tuple) else tuple(v) for r, v in given.items() if r not in SINGLE and v is not None}
        single = {r: v for r, v in given.items() if r in SINGLE}
        return cls(**(single | several))

    def named(self) -> Mapping[str, tuple[str, ...]]:
        """Role → its columns, for roles that have any."""
        columns: dict[str, tuple[str, ...]] = {}
        for role in (*SINGLE, *MANY):
            value = getattr(self, role)
            if value:
                columns[role] = (value,) if isinstance(value, str) else value
        return columns

    def given(self) -> dict[str, Any]:
        """The roles that have a column, and `positive`, as `of` takes them.

        >>> Roles.of(label="approved", positive="yes", facet="sex").given()
        {'label': 'approved', 'facet': ['sex'], 'positive': ['yes']}
        """
        columns: dict[str, Any] = {role: names[0] if role in SINGLE else list(names) for role, names in self.named().items()}
        return {**columns, **({"positive": list(self.positive)} if self.positive else {})}

    def of_column(self, name: str) -> tuple[str, ...]:
        """The roles of a column."""
        return tuple(role for role, columns in self.named().items() if name in columns)

    @cached_property
    def not_features(self) -> frozenset[str]:
        """Columns that selectors by kind leave out: they identify, date, weight, group or split rows, are private, media or the outcome."""
        leave = ("label", "prediction", "id", "time", "group", "weight", "split", "fold", "private", "text", "image")
        return frozenset(c for role in leave for c in self.named().get(role, ()))

    def features(self, schema: Schema) -> tuple[str, ...]:
        """The columns of a table that a model learns from: those that no role takes away, and no facets that are not numbers."""
        aside = self.not_features | {c for c in self.facet if c in schema and schema[c].kind not in NUMBERS}
        return tuple(c.name for c in schema if c.name not in aside)

    def moved(self, names: Mapping[str, str]) -> Roles:
        """The roles of a table that has these columns (old name → new name) and no others of this one.

        >>> Roles.of(label="churned", id="visit", private="income").moved({"churned": "churned_max", "day": "day"}).named()
        {'label': ('churned_max',)}
        """
        kept = {role: [names[c] for c in columns if c in names] for role, columns in self.named().items()}
        found = {role: columns[0] if role in SINGLE else columns for role, columns in kept.items() if columns}
        return Roles.of(**found, **({"positive": self.positive} if "label" in found else {}))

    def content(self, name: str) -> tuple[str, str]:
        """The column of texts or images that a facet such as `body@length_words` or `@length_words` is computed from, and its feature.

        Errors: `ColumnError` where no column is named, and not just one has the role.

        >>> Roles.of(text="body").content("@script"), Roles.of(text=["title", "body"]).content("title@script")
        (('body', 'script'), ('title', 'script'))
        """
        column, feature = computed(name)
        of = self.text or self.image
        if not column and len(of) != 1:
            found = f"{len(of)} columns have" if of else "no column has"
            hint = f"give one column that role, or name the column: {of[0] if of else 'COLUMN'}{name}"
            raise ColumnError(f"facet {name!r}: {found} the role text (or image), of which it is to be computed", hint=hint, code="no-text")
        return column or of[0], feature

    def check(self, names: Iterable[str]) -> None:
        """Reject roles of unknown columns, all at once."""
        names, mistakes = list(names), list[Mistake]()
        for role, columns in self.named().items():
            for name in columns:
                try:
                    read = self.content(name)[0] if role in COMPUTED and CONTENT in name and name not in names else name
                    mistakes += unknown([read], names, f"role {role!r}: there is no column {{}}", "unknown-role-column")
                except ColumnError as error:
                    mistakes += error.mistakes
        ColumnError.reject(mistakes)


def computed(name: str) -> tuple[str, str]:
    """Split a name such as `body@length_words` into the column, which may be empty, and the feature. A file follows `:`.

    >>> computed("body@length_words"), computed("@oov_share:me@work/words.txt"), computed("age")
    (('body', 'length_words'), ('', 'oov_share:me@work/words.txt'), ('', 'age'))
    """
    head, colon, file = name.partition(":")
    head, rest = (head, colon + file) if CONTENT in head else (name, "")
    column, _, feature = head.rpartition(CONTENT)
    return column, feature + rest


SINGLE = tuple(f.name for f in fields(Roles) if f.default is None)
MANY = tuple(f.name for f in fields(Roles) if f.name not in (*SINGLE, "positive"))
