"""How parameters name columns and aggregates of other tables, and texts name rules."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.errors import RulesError, did_you_mean, listed
from tilth.metrics.relations import AGGREGATES
from tilth.rules.language.cursor import shown


def split_names(text: str) -> list[str]:
    """The names of a list with commas, without the blanks around them.

    >>> split_names("country, zip")
    ['country', 'zip']
    """
    return [name.strip() for name in text.split(",")]


def split_reference(text: str) -> tuple[str, list[str]]:
    """The alias and the columns in `alias.column` or `alias.{a,b}`. The alias may be empty.

    >>> split_reference("places.{country,zip}"), split_reference("db.customers.id")
    (('places', ['country', 'zip']), ('db.customers', ['id']))
    """
    alias, brace, columns = text.rstrip().partition(".{")
    if brace and columns.endswith("}"):
        return alias.strip(), split_names(columns[:-1])
    alias, _, column = text.rpartition(".")
    return alias.strip(), [column.strip()]


def split_mapping(text: str) -> list[tuple[str, str]]:
    """The pairs in `column,column->other`: a name here and in the other table. Errors: `RulesError` if the text has another form.

    >>> split_mapping("email, zip->postcode")
    [('email', 'email'), ('zip', 'postcode')]
    """
    pairs = [[side.strip() for side in item.split("->")] for item in text.split(",")]
    if not all(len(pair) <= 2 and all(pair) for pair in pairs):
        raise RulesError(f"{shown(text)!r} is not a list of columns", accepted="column,column->other")
    return [(pair[0], pair[-1]) for pair in pairs]


def split_aggregate(text: str) -> tuple[str, str, str]:
    """Function, alias (may be empty) and column of `sum(alias.column)`. Errors: `RulesError` if the text has another form.

    >>> split_aggregate("SUM(ledger.amount)"), split_aggregate("avg(price)")
    (('sum', 'ledger', 'amount'), ('avg', '', 'price'))
    """
    function, _, argument = text.strip().partition("(")
    function, (alias, _, column) = function.strip().lower(), argument.removesuffix(")").rpartition(".")
    if function not in AGGREGATES or not argument.endswith(")") or not column.strip():
        raise RulesError(f"{shown(text)!r} is not an aggregate of a column", accepted="sum(column), avg(alias.column)")
    return function, alias.strip(), column.strip()


def named_rule(text: str, rules: Iterable[str]) -> str:
    """The rule of a text; else the only one that begins so. Errors: `RulesError`.

    >>> named_rule("IsComplete", ['RowCount > 0', 'IsComplete "id"'])
    'IsComplete "id"'
    """
    known = dict.fromkeys(rules)
    begin = [text] if text in known else [rule for rule in known if rule.startswith(text)]
    if len(begin) > 1:
        raise RulesError(f"several rules begin with {text!r}", accepted=listed(begin, 5), code="several-rules")
    if not begin:
        hint = did_you_mean(text, known)
        raise RulesError(f"the ruleset has no rule {text!r}", accepted=listed(known, 10), hint=hint, code="unknown-rule")
    return begin[0]
