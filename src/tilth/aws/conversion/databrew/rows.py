"""Actions on rows: their order, those that go, and those that a list or a map becomes."""

from __future__ import annotations

from collections.abc import Iterator

from tilth.aws.conversion.databrew.action import Action, Actions
from tilth.aws.conversion.made import Made, NotConverted, without
from tilth.engine.user_sql.writing import identifier


def of_sort(a: Action) -> Iterator[Made]:
    """Rows in an order."""
    keys = a.json("expressions") or []
    if not isinstance(keys, list) or not keys or not all(isinstance(k, dict) and k.get("sourceColumn") for k in keys):
        raise NotConverted("it does not say by which columns")
    by = [str(k["sourceColumn"]) for k in keys]
    nulls = {"NULLS_TOP": "first", "NULLS_BOTTOM": "last"}
    wanted = {nulls.get(str(k.get("nullsOrdering")), "last") for k in keys}
    if len(wanted) > 1:
        raise NotConverted("nulls come first in one column and last in another")
    descending = [str(k["sourceColumn"]) for k in keys if str(k.get("ordering", "")).upper().startswith("DESC")]
    parameters = {"by": by, **({"descending": descending} if descending else {}), **({"nulls": "first"} if wanted == {"first"} else {})}
    yield Made("sort", parameters, frozenset(by), frozenset())


def of_filter(a: Action) -> Iterator[Made]:
    """Rows that go."""
    a.has("sourceColumn")
    where = a.where()
    if not where:
        raise NotConverted("it does not say which values")
    yield Made("filter", {"where": f"NOT ({where})", "unknown": "keep"}, a.condition_reads, frozenset())


def of_missing(a: Action) -> Iterator[Made]:
    """Rows without a value go."""
    yield Made("filter", {"where": f"{identifier(a.column)} IS NOT NULL"}, frozenset([a.column]), frozenset())


def of_duplicates(a: Action) -> Iterator[Made]:
    """Rows that are there before go."""
    key = a.names("sourceColumn", "sourceColumns") if a.has("sourceColumn") or a.has("sourceColumns") else []
    notes = ("the first in the order of the role time, or of the columns, stays",) if key else ()
    parameters = {"on": key[0] if len(key) == 1 else key} if key else {}
    yield Made("dedupe", parameters, None, frozenset(), notes)


def of_flagged_duplicates(a: Action) -> Iterator[Made]:
    """A column that says which rows are there before."""
    key = {"on": a.column} if a.operation == "FLAG_DUPLICATES_IN_COLUMN" else {}
    a.has("trueString"), a.has("falseString")
    target = a.text("targetColumn")
    notes = ("1 and 0, not words", "the first in the order of the role time, or of the columns, is 0")
    yield Made("dedupe", {**key, "flag": target}, None, frozenset([target]), notes)


def of_pairs(a: Action) -> Iterator[Made]:
    """The pairs of a map as rows."""
    into, gone = a.text("targetColumn", a.column), a.flag("removeSourceColumn")
    given = {} if gone and into == a.column else {"into": into}
    new, note = [f"{into}_key", f"{into}_value"], "an empty map is a row, too"
    yield Made("explode", {"column": a.column, **given}, frozenset([a.column]), frozenset([*new, *([] if given else [a.column])]), (note,))
    if gone and given:
        yield without([a.column])


def of_elements(a: Action) -> Iterator[Made]:
    """The elements of a list as rows."""
    into = {"into": a.target} if a.target != a.column else {}
    yield Made("explode", {"column": a.column, **into}, frozenset([a.column]), frozenset([a.target]), ("an empty list is a row, too",))


ACTIONS: Actions = {
    "SORT": of_sort,
    "REMOVE_VALUES": of_filter,
    "REMOVE_MISSING": of_missing,
    **dict.fromkeys(("DELETE_DUPLICATE_ROWS", "REMOVE_DUPLICATES"), of_duplicates),
    **dict.fromkeys(("FLAG_DUPLICATE_ROWS", "FLAG_DUPLICATES_IN_COLUMN"), of_flagged_duplicates),
    "UNNEST_MAP": of_pairs,
    "UNNEST_ARRAY": of_elements,
}
