"""Which kind a type of DuckDB is."""

from __future__ import annotations

import re

from tilth.data import Column, Kind

KINDS: dict[str, Kind] = {
    "BOOLEAN": Kind.BOOLEAN,
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Kind.INTEGER
    ),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.FLOAT),
    **dict.fromkeys(("VARCHAR", "UUID", "ENUM", "JSON"), Kind.STRING),
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), Kind.TIMESTAMP),
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"), Kind.TIMESTAMP_TZ),
    "TIME": Kind.TIME,
    "BLOB": Kind.BINARY,
    "STRUCT": Kind.STRUCT,
    "MAP": Kind.MAP,
    '"NULL"': Kind.NULL,
}


def kind_of(type_text: str) -> Kind:
    """The kind of a DuckDB type that is not a list, by its name.

    >>> kind_of("DECIMAL(18,3)"), kind_of("BIGINT")
    (<Kind.DECIMAL: 'decimal'>, <Kind.INTEGER: 'integer'>)
    """
    if type_text.startswith("DECIMAL"):
        return Kind.DECIMAL
    return KINDS.get(type_text) or KINDS.get(type_text.split("(")[0], Kind.OTHER)


def column(name: str, type_text: str) -> Column:
    """A column of a DuckDB type.

    >>> str(column("n", "BIGINT")), str(column("v", "FLOAT[3][]"))
    ('integer', 'list[][3] of float')
    """
    element = re.sub(r"(\[\d*\])+$", "", type_text)
    if element == type_text:
        return Column(name, kind_of(type_text), type_text)
    sizes = re.findall(r"\[(\d*)\]", type_text.removeprefix(element))
    return Column(name, Kind.LIST, type_text, kind_of(element), tuple(int(size) if size else None for size in reversed(sizes)))
