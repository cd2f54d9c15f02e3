"""Proposes the preparation: row steps, the split, and the features, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilth.drafting.names import names_id
from tilth.drafting.patterns import COMMAS, DATES, MONTHS, NUMBERS
from tilth.drafting.summary import FEW, MANY, ColumnSummary, TableSummary
from tilth.drafting.writing import comment_text, identifier, quoted, yaml_list, yaml_string
from tilth.steps.rows.split import SPLIT

SMALL = 100  # rows; with fewer, a random split may miss its shares
LISTED = 8  # columns that are listed by name; more are selected by kind
LARGEST = 1e308  # beyond it, infinite
SHARE = 0.8  # of the training part


# ── rows ──


def rows_lines(table: TableSummary) -> Iterator[str]:
    """The steps that change the rows of the whole table."""
    steps = [f"- select: {{columns: [{quoted(f'!{s.name}')}]}}  # the split adds a column with this name" for s in _splits(table)]
    if table.month:
        name, first = table.month.name, quoted(f"concat({identifier(table.month.name)}, '-01')")
        steps.append(f"- formula: {{column: {yaml_string(name)}, expression: {first}}}  # the first day of the month")
        steps.append(f"- cast: {{columns: {yaml_string(name)}, to: date}}")
    if table.key and not table.key.unique:
        steps.append(f"- dedupe: {{on: {yaml_string(table.key.name)}}}  # one row per id")
    if table.roles.label and table.of(table.roles.label).missing:
        steps.append(f"- filter: {quoted(f'{identifier(table.roles.label)} IS NOT NULL')}  # nothing to learn from")
    if not steps and not table.copies:
        return
    yield ""
    yield f"{'' if steps else '# '}rows:  # the whole table, before the split; never served"
    yield from (f"  {step}" for step in steps)
    if table.copies and table.key is None:
        yield "#  - dedupe  # drops equal rows: if they are duplicates, not similar things"
    elif table.copies and table.key and table.key.unique:
        name = table.key.name
        yield f"#  - dedupe: {{on: {yaml_list(['*', f'!{name}'])}}}  # drops rows that are equal except for {comment_text(name)}"


def _splits(table: TableSummary) -> list[ColumnSummary]:
    return [s for s in table.seen if s.name.casefold() == SPLIT]


# ── the split ──


def split_lines(table: TableSummary) -> Iterator[str]:
    """The split: by time if there is one, else stratified by the label, else by hash. Equal rows stay together."""
    if not table.divisible or not table.rows:
        return
    by, why = _split_by(table)
    yield ""
    yield f"split: {{train: {SHARE}, test: {1 - SHARE:.1f}, by: {by}}}" + (f"  # {why}" if why else "")
    for s in table.groups[:1]:
        group = quoted(f"group({identifier(s.name)})")
        yield f"# split: {{train: {SHARE}, test: {1 - SHARE:.1f}, by: {group}}}  # keeps rows of the same {comment_text(s.name)} together"


def _split_by(table: TableSummary) -> tuple[str, str]:
    if table.roles.time:
        return "time", "train on the past, test on the future"
    if table.times and _splits_in_two(table.of(table.times[0])):
        return f"ordered({table.times[0]})", "train on the past, test on the future"
    if table.month:
        return yaml_string(f"time({table.month.name})"), "train on the past, test on the future"
    if table.label_counts:
        return "stratified", "keeps the share of each label value"
    return ("hash, exact: true", "exact shares, as there are few rows") if table.rows < SMALL else ("hash", "")


def _splits_in_two(year: ColumnSummary) -> bool:
    """Whether a cut between years leaves some to test on; there are counts if years are few."""
    below = 0
    for value, n in sorted(year.top):
        below += n
        if below >= SHARE * year.rows:
            return bool(value != year.high)
    return not year.top


# ── features ──


def left_out(table: TableSummary) -> dict[str, str]:
    """Column → why it is not a feature, for columns whose role does not say so."""
    parts = _parts(table)
    reasons = {s.name: why for s in table.seen if s.name not in parts and (why := _why_out(s))}
    only_text = {n for n, why in reasons.items() if why == "free text"}
    others = any(s.name not in parts | set(reasons) for s in table.seen)
    return {n: why for n, why in reasons.items() if others or n not in only_text}


def _parts(table: TableSummary) -> set[str | None]:
    """The columns that are not features by their role or name."""
    return {table.roles.label, table.roles.time, *table.roles.id, *(s.name for s in _splits(table))}


def _why_out(s: ColumnSummary) -> str:
    reasons = {
        "private": bool(s.private),
        "empty": not s.present,
        "constant": s.constant,
        "nearly empty": s.nearly_empty,
        "may leak the label": bool(s.leakage),
        "no value to learn from": s.untrainable,
        f"duplicates {comment_text(s.duplicate_of)}": bool(s.duplicate_of),
        f"{s.written} read as strings": s.written in (MONTHS, DATES, COMMAS),
        "an id": names_id(s.name) and not s.kind.temporal and s.distinct > FEW,
        "nearly an id": s.near_unique and not s.numeric,
        "free text": s.free_text,
        "a timestamp or date": s.kind.temporal,
        "unsupported kind": not (s.kind.numeric or s.kind.categorical),
    }
    return next((why for why, holds in reasons.items() if holds), "")


def features_lines(table: TableSummary) -> Iterator[str]:
    """The feature steps: drop what cannot be learned from, repair values, impute, scale, encode."""
    out = left_out(table)
    kept = [s for s in table.seen if s.name not in _parts(table) | set(out) and not s.free_text]
    numeric, categories = [s for s in kept if s.numeric], [s for s in kept if not s.numeric]
    if len(out) == len(table.seen):  # a table needs a column
        out = {}
    yield ""
    yield "features:  # row in, row out; learned on the training part only; exactly what is served"
    lines = [*_selected(out), *_repaired(numeric, categories), *_numbers(table, numeric, categories), *_encoded(table, categories)]
    yield from (f"  {line}" for line in lines or ["[]"])


def _selected(out: dict[str, str]) -> Iterator[str]:
    if out:
        yield f"- select: {{columns: {yaml_list(f'!{name}' for name in out)}}}  # {', '.join(dict.fromkeys(out.values()))}"


def _repaired(numeric: Sequence[ColumnSummary], categories: Sequence[ColumnSummary]) -> Iterator[str]:
    """Steps that repair values."""
    for s in numeric:
        if s.written == NUMBERS:
            yield f"- cast: {{columns: {yaml_string(s.name)}, to: float}}  # invalid numbers become null"
        if s.infinite:
            yield f"- null_if: {{columns: {yaml_string(s.name)}, below: {-LARGEST:.1e}, above: {LARGEST:.1e}}}  # infinite"
        if s.placeholder is not None:
            yield f"- null_if: {{columns: {yaml_string(s.name)}, values: [{s.placeholder}]}}  # a guess: a placeholder"
    for s in categories:
        if s.spellings:
            expression = quoted(f"lower(trim({identifier(s.name)}))")
            yield f"- formula: {{column: {yaml_string(s.name)}, expression: {expression}}}  # one spelling"


def _numbers(table: TableSummary, numeric: Sequence[ColumnSummary], categories: Sequence[ColumnSummary]) -> Iterator[str]:
    if not numeric:
        return
    has_nulls = any(s.missing > 0.05 * s.rows for s in numeric)
    by_kind = not has_nulls and not any(s.coded for s in categories)  # indicators and codes are numeric too
    columns = _columns(table, "numeric", numeric, by_kind)
    yield f"- impute: {{columns: {columns}, with: median{', indicator: true' if has_nulls else ''}}}"
    yield f"- scale: {{columns: {columns}, with: standard}}"


def _encoded(table: TableSummary, categories: Sequence[ColumnSummary]) -> Iterator[str]:
    if categories:
        most = f", max_categories: {MANY}" if any(s.distinct > MANY for s in categories) else ""
        by_kind = not any(s.coded for s in categories) and not any(s.free_text for s in table.seen)
        yield f"- encode: {{columns: {_columns(table, 'categorical', categories, by_kind)}, with: one_hot{most}}}"


def _columns(table: TableSummary, kind: str, columns: Sequence[ColumnSummary], by_kind: bool) -> str:
    """A list of columns, or their kind if they are many and the only ones of that kind."""
    short = by_kind and len(columns) > LISTED and all(s.name != kind for s in table.seen)
    return kind if short else yaml_list(s.name for s in columns)
