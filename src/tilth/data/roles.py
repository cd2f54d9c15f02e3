"""What a column is for: label, facet, id, time and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from tilth.errors import ColumnError, RequestError, unknown

SINGLE = ("label", "prediction", "time", "weight", "split")
MANY = ("facet", "id", "group", "text", "image", "private")


@dataclass(frozen=True)
class Roles:
    """The columns of each role. `positive` is the favourable value (or values) of the label.

    >>> Roles.of(label="approved", positive="yes", facet=["sex", "age"]).facet
    ('sex', 'age')
    """

    label: str | None = None
    positive: tuple[Any, ...] = ()
    prediction: str | None = None
    facet: tuple[str, ...] = ()
    id: tuple[str, ...] = ()
    time: str | None = None
    group: tuple[str, ...] = ()
    weight: str | None = None
    text: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    split: str | None = None

    @classmethod
    def of(cls, **given: Any) -> Roles:
        """Roles from names or lists of names; a single name means a list of one."""
        known = [f.name for f in fields(cls)]
        if wrong := unknown(given, known, "there is no role {}", "unknown-role"):
            raise RequestError(*wrong)
        several = {r: (v,) if not isinstance(v, list | tuple) else tuple(v) for r, v in given.items() if r not in SINGLE and v is not None}
        single = {r: v for r, v in given.items() if r in SINGLE}
        return cls(**(single | several))

    def named(self) -> Mapping[str, tuple[str, ...]]:
        """Role → its columns, for roles that have any."""
        found: dict[str, tuple[str, ...]] = {}
        for role in (*SINGLE, *MANY):
            value = getattr(self, role)
            if value:
                found[role] = (value,) if isinstance(value, str) else value
        return found

    def of_column(self, name: str) -> tuple[str, ...]:
        """The roles of a column."""
        return tuple(role for role, columns in self.named().items() if name in columns)

    @cached_property
    def not_features(self) -> frozenset[str]:
        """Columns that selectors by kind leave out: they identify, date, weight, group or split rows, are private, media or the outcome."""
        leave = ("label", "prediction", "id", "time", "group", "weight", "split", "private", "text", "image")
        return frozenset(c for role in leave for c in self.named().get(role, ()))

    def check(self, names: Iterable[str]) -> None:
        """Reject roles of unknown columns, all at once."""
        names = list(names)
        missing = [
            mistake
            for role, columns in self.named().items()
            for mistake in unknown(columns, names, f"role {role!r}: there is no column {{}}", "unknown-column")
        ]
        if missing:
            raise ColumnError(*missing)
