"""Reading and writing: one file per format, all on one shelf."""

from tilth.formats.decode import decode_served, unfit
from tilth.formats.format import Format, formats
from tilth.formats.reading import described, read, read_as
from tilth.formats.writing import FRAMES, to_arrow, to_frame, to_pandas, to_polars, write

__all__ = [
    "FRAMES",
    "Format",
    "decode_served",
    "described",
    "formats",
    "read",
    "read_as",
    "to_arrow",
    "to_frame",
    "to_pandas",
    "to_polars",
    "unfit",
    "write",
]
