"""The origin of rows: the columns `_origin` and `_parent`.

`_origin` is `original`; `duplicate`, a copy of another row; `derived`, made from other rows or by a model that was fitted on them; or
`synthetic`, made without other rows. `_parent` names the rows that it was copied or made from.
"""

from __future__ import annotations

ORIGIN, PARENT = "_origin", "_parent"
ORIGINAL, DUPLICATE, DERIVED, SYNTHETIC = "original", "duplicate", "derived", "synthetic"
