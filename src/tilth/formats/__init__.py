"""Reading and writing of tables: one module per format, all on one shelf."""

from tilth.formats.decode import decode_served, unfit
from tilth.formats.reading import lacking, read, read_as, table_of
from tilth.formats.writing import format_of, to_arrow, to_frame, to_pandas, to_polars, write, write_together

__all__ = [
    "decode_served",
    "format_of",
    "lacking",
    "read",
    "read_as",
    "table_of",
    "to_arrow",
    "to_frame",
    "to_pandas",
    "to_polars",
    "unfit",
    "write",
    "write_together",
]
