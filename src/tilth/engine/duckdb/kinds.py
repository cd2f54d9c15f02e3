"""Which kind a type of DuckDB is."""

from __future__ import annotations

from tilth.data import Kind

KINDS: dict[str, Kind] = {
    "BOOLEAN": Kind.BOOLEAN,
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Kind.INTEGER
    ),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.FLOAT),
    **dict.fromkeys(("VARCHAR", "UUID", "ENUM", "JSON"), Kind.STRING),
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), Kind.TIMESTAMP),
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMP_TZ,
    "TIME": Kind.TIME,
    "BLOB": Kind.BINARY,
    "STRUCT": Kind.STRUCT,
    "MAP": Kind.MAP,
    '"NULL"': Kind.NULL,
}


def kind_of(type_text: str) -> Kind:
    """The kind of a DuckDB type, by its name.

    >>> kind_of("DECIMAL(18,3)"), kind_of("INTEGER[]"), kind_of("BIGINT")
    (<Kind.DECIMAL: 'decimal'>, <Kind.LIST: 'list'>, <Kind.INTEGER: 'integer'>)
    """
    if type_text.endswith("]"):
        return Kind.LIST
    if type_text.startswith("DECIMAL"):
        return Kind.DECIMAL
    return KINDS.get(type_text) or KINDS.get(type_text.split("(")[0], Kind.OTHER)
