"""The table of DataBrew actions, from the modules of this package, and the reasons for actions without a step."""

from __future__ import annotations

from tilth.aws.conversion.databrew import columns, formulas, protect, rows, tables, texts, times, values, windows
from tilth.aws.conversion.databrew.action import Actions

ACTIONS: Actions = {
    **formulas.ACTIONS,
    **texts.ACTIONS,
    **times.ACTIONS,
    **columns.ACTIONS,
    **rows.ACTIONS,
    **values.ACTIONS,
    **tables.ACTIONS,
    **windows.ACTIONS,
    **protect.ACTIONS,
}
REASONS: dict[str, str] = {
    **dict.fromkeys(("NOW", "TODAY", "RANDOM", "RANDOM_BETWEEN"), "it gives another result each time"),
    **dict.fromkeys(("GET_ACTION_RESULT", "GET_STEP_DATAFRAME"), "it belongs to an interactive project"),
    **dict.fromkeys(("DECRYPT", "DETERMINISTIC_DECRYPT"), "its key is not in the recipe, and no step decrypts values"),
    **dict.fromkeys(("MASK_CUSTOM", "MASK_DELIMITER"), "write `formula` with `regexp_replace`, or `redact` with `mask` and `matching`"),
    "MASK_DATE": "its result is a text: write `redact` with `mask_date`, which gives a date",
    "SHUFFLE_ROWS": "write `redact` with `shuffle`, by a column that identifies rows",
    **dict.fromkeys(
        ("REPLACE_WITH_RANDOM_BETWEEN", "REPLACE_WITH_RANDOM_DATE_BETWEEN"),
        "write `redact` with `random`, by a column that identifies rows, so that each run gives the same",
    ),
    **dict.fromkeys(("NUMBER_FORMAT", "FORMAT_PHONE_NUMBER"), "numbers written for people are not features"),
    "JSON_TO_STRUCTS": "none is needed: `unnest` reads objects of JSON in strings",
    "URL_PARAMS": "its parameters are a map: write `formula` with `regexp_extract(url, '[?&]name=([^&#]*)', 1)` for each",
    "TOKENIZATION": "its words stay one string: write `vectorize`, which counts them",
}
"""Action of DataBrew → why it is not converted, and what to write instead. Others only get the message that no step does the same."""
