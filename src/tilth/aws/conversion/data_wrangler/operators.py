"""The transforms of a Data Wrangler flow, from the modules of this package."""

from __future__ import annotations

from tilth.aws.conversion.data_wrangler import columns, formulas, rows, times, values
from tilth.aws.conversion.data_wrangler.transform import Operators

OPERATORS: Operators = {**formulas.OPERATORS, **columns.OPERATORS, **rows.OPERATORS, **values.OPERATORS, **times.OPERATORS}
