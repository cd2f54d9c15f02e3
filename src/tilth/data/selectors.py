"""Column selectors: by name, kind, role or pattern."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from tilth.data.origin import ORIGIN, PARENT
from tilth.data.roles import MANY, SINGLE, Roles
from tilth.data.schema import Kind, Schema
from tilth.errors import ColumnError, Mistake, did_you_mean, listed

KINDS: dict[str, frozenset[Kind]] = {
    "all": frozenset(Kind),
    "numeric": frozenset(k for k in Kind if k.numeric),
    "categorical": frozenset(k for k in Kind if k.categorical),
    "temporal": frozenset(k for k in Kind if k.temporal),
    **{str(k): frozenset({k}) for k in (Kind.BOOLEAN, Kind.INTEGER, Kind.FLOAT, Kind.STRING)},
    "float": frozenset({Kind.FLOAT, Kind.DECIMAL}),
}
NO_ROLES = Roles()
HIDDEN = "\x1f"  # begins the names of internal columns of a run: only their exact names select them
ROLES = frozenset({*SINGLE, *MANY})


def words_of(chosen: str | Sequence[str]) -> tuple[str, ...]:
    """The words of a selection, which is one word or several.

    >>> words_of("numeric"), words_of(["numeric", "!age"])
    (('numeric',), ('numeric', '!age'))
    """
    return (chosen,) if isinstance(chosen, str) else tuple(chosen)


def select(chosen: str | Sequence[str], schema: Schema, roles: Roles = NO_ROLES) -> tuple[str, ...]:
    """The names of the selected columns, in the order of the table.

    `chosen` is one word or several: a column's name; a kind (`numeric`, `categorical`, `temporal`, `boolean`, `integer`,
    `float`, `string`, `all`), which leaves out columns that identify, date, weight, group or split rows, say where they come from
    (`_origin`, `_parent`), are private, free text or images, or are the outcome; a role (`facet`, `private` …); a pattern with `*` or `?`;
    any of them with `!` in front, which excludes. A column's name takes precedence over other meanings of a word. A kind, role or pattern
    may select nothing.

    Errors: `ColumnError` for every unknown word, all at once.

    >>> from tilth.data.schema import Column
    >>> table = Schema((Column("age", Kind.INTEGER), Column("name", Kind.STRING), Column("pay", Kind.FLOAT)))
    >>> select(["numeric", "!age"], table)
    ('pay',)
    """
    words = words_of(chosen)
    mistakes: list[Mistake] = []
    kept: set[str] = set()
    for word in words if any(not w.startswith("!") for w in words) else ["all", *words]:
        excluded = word.startswith("!") and word not in schema
        meant = _meaning(word.removeprefix("!") if excluded else word, schema, roles)
        if meant is None:
            message, hint = f"no column, kind or role is called {word!r}", did_you_mean(word.strip("!"), (*schema.names, *KINDS, *ROLES))
            accepted = f"{listed(schema.names)}; or {', '.join(KINDS)}; or a role; or a pattern with *"
            mistakes.append(Mistake(message, accepted=accepted, hint=hint, code="unknown-column"))
        else:
            kept = kept - meant if excluded else kept | meant
    ColumnError.reject(mistakes)
    return tuple(n for n in schema.names if n in kept)


def _meaning(word: str, schema: Schema, roles: Roles) -> set[str] | None:
    if word in schema:
        return {word}
    if word in ROLES and word not in KINDS:
        return set(roles.named().get(word, ()))
    if word in KINDS:
        return {c.name for c in schema if c.kind in KINDS[word] and not c.name.startswith(HIDDEN)} - roles.not_features - {ORIGIN, PARENT}
    if "*" in word or "?" in word:
        return {n for n in schema.names if fnmatch.fnmatchcase(n, word) and not n.startswith(HIDDEN)}
    return None
