"""Where a row comes from: the columns `_origin` and `_parent`.

`_origin` is `original`; `duplicate`, a copy of another row; `derived`, made from other rows or by a model that was fitted on them; or
`synthetic`, made without any. `_parent` names the rows that it is a copy of, or was made from.
"""

from __future__ import annotations

ORIGIN, PARENT = "_origin", "_parent"
ORIGINAL, DUPLICATE, DERIVED, SYNTHETIC = "original", "duplicate", "derived", "synthetic"
