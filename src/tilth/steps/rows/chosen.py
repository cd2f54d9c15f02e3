"""Parts of a split that say which rows are theirs: by a condition, or by the values of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Roles, Schema
from tilth.engine.expressions import and_, coalesce, columns_of, in_, lit, not_, or_
from tilth.engine.operations.hashing import FloatString, canonical_string
from tilth.engine.statistics import count
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import Mistake, RequestError, joined
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Where
from tilth.report.blocks import counted, shown
from tilth.steps.step import Asking

Value: TypeAlias = float | bool | str
Choice: TypeAlias = Value | tuple[Value, ...]
"""A share of the rows, a condition, or a value or several."""
CHOSEN = ("rule", "given")
REST = "rest"  # the condition of the part of all other rows


def mistaken(by: str, parts: Sequence[tuple[str, Choice]]) -> Iterable[Mistake]:
    """Mistakes in the conditions or values of parts that do not depend on the table."""
    if by == "given":
        twice = [v for v, n in Counter(v for _, chosen in parts for v in _strings(chosen)).items() if n > 1]
        if twice:
            yield Mistake(f"split: the value {twice[0]!r} is of two parts", accepted="each value once", code="bad-shares")
        return
    for name, chosen in parts:
        if not isinstance(chosen, str):
            accepted = "a condition, such as `year < 2019`, or `rest`"
            yield Mistake(f"split: part {name!r} has the condition {chosen!r}", accepted=accepted, code="bad-shares")
    rests = [name for name, chosen in parts if chosen == REST]
    if len(rests) > 1:
        yield Mistake(f"split: {joined(rests)} are both the rest", accepted="one part that is the rest", code="bad-shares")


def conditions(parts: Sequence[tuple[str, Choice]], schema: Schema) -> dict[str, Tree]:
    """Part → the condition for its rows, except for the part of the remaining rows. Errors: `ExpressionError`."""
    return {name: coalesce(parse_condition(str(text), schema), lit(False)) for name, text in parts if text != REST}


def equalities(parts: Sequence[tuple[str, Choice]], column: Column) -> dict[str, Tree]:
    """Part → condition for the value of a row to be one of the part's values."""
    value = canonical_string(column)
    return {name: coalesce(in_(value.copy(), _strings(chosen)), lit(False)) for name, chosen in parts}


def _strings(chosen: Choice) -> list[str]:
    """The values of a part as strings, which can be compared with a column of any kind."""
    several = chosen if isinstance(chosen, tuple) else (chosen,)
    return [str(v).lower() if isinstance(v, bool) else v if isinstance(v, str) else FloatString.row(v) for v in several]


def checked(by: str, inside: Mapping[str, Tree], parts: int, roles: Roles) -> Asking[list[str]]:
    """The columns that determine the part of a row. Errors: `RequestError` if rows are in no part, or in two."""
    columns = sorted(set[str]().union(*map(columns_of, inside.values())))
    if not columns:
        raise RequestError("split: no condition reads a column", accepted="such as `year < 2019`", code="no-column")
    lost = lit(False) if len(inside) < parts else not_(or_(*inside.values()))
    pairs = {" and ".join(pair): and_(inside[pair[0]], inside[pair[1]]) for pair in combinations(inside, 2)}
    none, twice, each = count(lost), count(or_(lit(False), *pairs.values())), {name: count(both) for name, both in pairs.items()}
    found = yield [none, twice, *each.values()]
    mistakes = []
    if n := found[none]:
        seen = ""
        if by == "given" and columns[0] not in roles.private:
            top = Where(TopValues(columns[0], 3), lost)
            values = (yield [top])[top]
            seen = f": {columns[0]} is {joined([shown(v, 40) for v, _ in values], 'or')}" if values else f": {columns[0]} is null"
        hint = "give one part the condition `rest`" if by == "rule" else "give these values a part"
        message = f"split: {counted(n, 'row')} {'is' if n == 1 else 'are'} in no part{seen}"
        mistakes.append(Mistake(message, hint=f"{hint}, or drop the rows by `filter` in `rows`", code="no-part"))
    if n := found[twice]:
        message = (
            f"split: {counted(n, 'row')} {'is' if n == 1 else 'are'} in two parts: {', '.join(p for p, c in each.items() if found[c])}"
        )
        mistakes.append(Mistake(message, accepted="conditions of which one is true for each row", code="two-parts"))
    RequestError.reject(mistakes)
    return columns
