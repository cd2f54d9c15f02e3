"""How parameters name columns and aggregates of other tables."""

from __future__ import annotations


def names(text: str) -> list[str]:
    """The names of a list with commas, without the blanks around them.

    >>> names("country, zip")
    ['country', 'zip']
    """
    return [name.strip() for name in text.split(",")]


def split_reference(text: str) -> tuple[str, list[str]]:
    """The alias and the columns of `alias.column` or `alias.{a,b}`. Without an alias it is empty.

    >>> split_reference("places.{country,zip}"), split_reference("db.customers.id")
    (('places', ['country', 'zip']), ('db.customers', ['id']))
    """
    alias, brace, columns = text.rstrip().partition(".{")
    if brace and columns.endswith("}"):
        return alias.strip(), names(columns[:-1])
    alias, _, column = text.rpartition(".")
    return alias.strip(), [column.strip()]


def split_mapping(text: str) -> list[tuple[str, str]]:
    """The pairs of `column,column->other`: a name here and in the other table. ValueError for what is not such a list.

    >>> split_mapping("email, zip->postcode")
    [('email', 'email'), ('zip', 'postcode')]
    """
    pairs = [[side.strip() for side in item.split("->")] for item in text.split(",")]
    if not all(len(pair) <= 2 and all(pair) for pair in pairs):
        raise ValueError(f"{text!r} is not a list of columns")
    return [(pair[0], pair[-1]) for pair in pairs]


def split_aggregate(text: str) -> tuple[str, str, str]:
    """Function, alias and column of `sum(alias.column)`; empty where there is none.

    >>> split_aggregate("SUM(ledger.amount)"), split_aggregate("avg(price)"), split_aggregate("price")
    (('sum', 'ledger', 'amount'), ('avg', '', 'price'), ('price', '', ''))
    """
    function, _, argument = text.strip().partition("(")
    alias, _, column = argument.removesuffix(")").rpartition(".")
    return function.strip().lower(), alias.strip(), column.strip() if argument.endswith(")") else ""
