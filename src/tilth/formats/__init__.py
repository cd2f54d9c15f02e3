"""Reading and writing: one file per format, all on one shelf."""

from tilth.formats.decode import decode_served, unfit
from tilth.formats.reading import lacking, read, read_as, table_of
from tilth.formats.writing import to_arrow, to_frame, to_pandas, to_polars, write

__all__ = [
    "decode_served",
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
]
