"""Reading and writing: one file per format, all found through one table."""

from tilth.formats.format import Format, formats
from tilth.formats.reading import read
from tilth.formats.writing import to_arrow, to_pandas, to_polars, write

__all__ = ["Format", "formats", "read", "to_arrow", "to_pandas", "to_polars", "write"]
