"""Transforms that select, sort or split rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tilth.aws.conversion.conditions import literal
from tilth.aws.conversion.data_wrangler.transform import Operators, Transform
from tilth.aws.conversion.made import Made, NotConverted
from tilth.aws.conversion.parameters import Parameters
from tilth.engine.user_sql.writing import identifier


def of_drop_missing(t: Transform) -> Iterator[Made]:
    """Rows without a value go."""
    if t.text("dimension", "Drop Rows") != "Drop Rows":
        raise NotConverted("it drops columns by their values, so that which there are depends on the data: write `select`")
    inner = t.block("drop_rows_parameters")
    columns = (inner if inner.given else t).columns
    where = " AND ".join(f"{identifier(c)} IS NOT NULL" for c in columns)
    yield Made("filter", {"where": where}, frozenset(columns), frozenset())


def of_sort(t: Transform) -> Iterator[Made]:
    """Rows in an order."""
    columns = t.columns
    falling = t.text("order", "Ascending").lower().startswith("desc") or not t.flag("ascending", True)
    parameters = {"by": columns, **({"descending": columns} if falling else {})}
    yield Made("sort", parameters, frozenset(columns), frozenset(), ("nulls come last",))


def of_shuffle(t: Transform) -> Iterator[Made]:
    """Rows by chance."""
    seed = {"seed": int(t.number("seed"))} if t.has("seed") else {}
    yield Made("shuffle", seed, None, frozenset(), ("another order",))


def of_duplicates(t: Transform) -> Iterator[Made]:
    """Rows that are there before go."""
    key = {"on": t.columns} if t.has("input_column") or t.has("input_columns") else {}
    yield Made("dedupe", key, None, frozenset(), ("the first row in the order of the role time, or of the columns, stays",))


def of_filter(t: Transform) -> Iterator[Made]:
    """Rows by conditions."""
    filters = t.json("filters") if t.has("filters") else [t.given]
    t.has("column"), t.has("condition"), t.has("operator"), t.has("value")
    parts: list[str] = []
    columns: list[str] = []
    for f in filters if isinstance(filters, list) else []:
        sign = str(f.get("condition", "")) if isinstance(f, Mapping) else ""
        if sign not in ("=", "!=", ">=", "<=", ">", "<"):
            raise NotConverted(f"its condition {sign[:40]!r} has no counterpart")
        columns.append(Parameters(f).name("column"))
        parts.append(f"{identifier(columns[-1])} {sign.replace('!=', '<>')} {literal(f.get('value', ''))}")
    if not parts:
        raise NotConverted("it has no condition")
    yield Made("filter", {"where": " AND ".join(parts)}, frozenset(columns), frozenset())


def of_balance(t: Transform) -> Iterator[Made]:
    """Classes of equal size."""
    way = {"Random oversample": "over", "Random undersample": "under", "SMOTE": "smote"}[t.label]
    label, ratio = t.text("target_column"), t.number("ratio", 1)
    given: dict[str, Any] = {"with": way, "label": label, **({"ratio": ratio} if ratio != 1 else {})}
    if way == "smote":
        given |= {"neighbours": int(t.number("num_neighbors", 5))}
        t.has("normalize")
    t.has("seed")
    yield Made("balance", given, None, frozenset(), ("chance chooses other rows",))


def of_split(t: Transform) -> Iterator[Made]:
    """The parts of the data."""
    splits = t.json("splits")
    if not isinstance(splits, list) or not all(isinstance(s, Mapping) for s in splits):
        raise NotConverted("it does not name its parts")
    shares = {str(s.get("name", "")).lower(): Parameters(s).number("percentage") for s in splits}
    total = sum(shares.values())
    shares = {name: share / 100 if total > 1.5 else share for name, share in shares.items()}
    by = {"Randomized split": "hash", "Stratified split": "stratified", "Split by key": "group", "Ordered split": "ordered"}[t.label]
    named = [name for name in ("key_columns", "input_columns", "input_column", "stratify_column") if t.has(name)]
    keys = t.names(*named) if named and by != "hash" else []
    if by != "hash" and not keys:
        raise NotConverted("it has no column to split by")
    if "train" not in shares:
        raise NotConverted("none of its parts is called train, from which a flow learns")
    t.has("error"), t.has("handle_duplicates")
    seed = {"seed": int(t.number("seed"))} if t.has("seed") else {}
    given = {**shares, **({"by": by, "columns": keys[0] if len(keys) == 1 else keys} if keys else {}), **seed}
    yield Made("split", given, None, frozenset(), ("other rows in each part, of nearly the same shares",))


def of_sampling(t: Transform) -> Iterator[Made]:
    """Some of the rows."""
    method = t.text("sampling_method", "").lower()
    strata = "stratif" in method
    inner = t.block("stratified_parameters" if strata else "random_parameters")
    block = inner if inner.given else t
    if "limit" in method or not (block.has("sample_size") or block.has("sample_ratio")):
        raise NotConverted("it takes the first rows of a file, which have no order: write `sample` with `order`")
    given: dict[str, Any] = (
        {"fraction": block.number("sample_ratio")} if block.has("sample_ratio") else {"n": int(block.number("sample_size"))}
    )
    given |= {"stratify": block.name("stratify_column", "input_column")} if strata else {}
    given |= {"seed": int(block.number("seed"))} if block.has("seed") else {}
    yield Made("sample", given, None, frozenset(), ("other rows",))


OPERATORS: Operators = {
    ("filter_data", ""): of_filter,
    ("sampling", ""): of_sampling,
    ("manage_rows", "Sort"): of_sort,
    ("manage_rows", "Shuffle"): of_shuffle,
    ("manage_rows", "Drop duplicates"): of_duplicates,
    ("manage_rows", "Filter"): of_filter,
    ("handle_missing", "Drop missing"): of_drop_missing,
    **{("balance_data", label): of_balance for label in ("Random oversample", "Random undersample", "SMOTE")},
    **{("split", label): of_split for label in ("Randomized split", "Stratified split", "Split by key", "Ordered split")},
}
