"""Proposes the preparation: row steps, the split, and the features, each with its reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tilth.data import Kind
from tilth.data.names import names_another_outcome, names_id
from tilth.drafting.summary import FEW, MANY, TRAIN, ColumnSummary, Disguise, TableSummary
from tilth.engine.user_sql.writing import identifier
from tilth.steps.rows.split import SPLIT
from tilth.yaml import comment_text, quoted, yaml_string, yaml_value

SMALL = 100  # rows; with fewer, a random split may miss its shares
LISTED = 8  # columns that are listed by name; more are selected by kind
LARGEST = 1e308  # beyond it, infinite
OFTEN_MISSING = 0.05  # of the rows; then that a value is missing may be information


# ── rows ──


def rows_lines(table: TableSummary) -> Iterator[str]:
    """The steps that change the rows of the whole table."""
    total = table.total
    steps = [f"- filter: {quoted(total.others)}  # the last row is a total: {comment_text(total.evidence)}"] if total else []
    steps += [f"- select: {{columns: [{quoted(f'!{s.name}')}]}}  # the split adds a column with this name" for s in _splits(table)]
    label = table.of(table.roles.label) if table.roles.label else None
    steps += parse_lines([s for s in (table.written_time, label) if s and s.meant is not Kind.BOOLEAN])
    if table.key and not table.key.unique:
        steps.append(f"- dedupe: {{on: {yaml_string(table.key.name)}}}  # one row per id")
    if label and label.missing:
        condition = quoted(f"{identifier(label.name)} IS NOT NULL")
        steps.append(f"- filter: {condition}  # nothing to learn from {label.missing:,} rows without a label")
    if not steps and not table.copies:
        return
    yield ""
    yield f"{'' if steps else '# '}rows:  # the whole table, before the split; never served"
    yield from (f"  {step}" for step in steps)
    if table.copies and table.key is None:
        yield "#  - dedupe  # drops equal rows: if they are duplicates, not similar things"
    elif table.copies and table.key and table.key.unique:
        name = table.key.name
        yield f"#  - dedupe: {{on: {yaml_value(['*', f'!{name}'])}}}  # drops rows that are equal except for {comment_text(name)}"


def parse_lines(columns: Sequence[ColumnSummary]) -> Iterator[str]:
    """A step for each form of values in these columns, which reads them, with the counts."""
    for several in alike([s for s in columns if s.disguise and s.disguise.options]):
        names = yaml_string(several[0].name) if len(several) == 1 else _names(several)
        options = "".join(f", {name}: {yaml_value(value)}" for s in several[:1] if s.disguise for name, value in s.disguise.options)
        yield f"- parse: {{columns: {names}{options}}}  # {comment_text(counted(*several))}"


def alike(columns: Sequence[ColumnSummary]) -> list[list[ColumnSummary]]:
    """Group columns by the form of their values, in the order of the first column of each form."""
    forms: dict[Disguise, list[ColumnSummary]] = defaultdict(list)
    for s in columns:
        if s.disguise:
            forms[replace(s.disguise, form="", exceptions=0)].append(s)
    return list(forms.values())


def counted(*columns: ColumnSummary) -> str:
    """How many values of some columns have their common form, in words."""
    disguises = [s.disguise for s in columns if s.disguise]
    present, wrong = sum(s.present for s in columns), sum(d.exceptions for d in disguises)
    doubt = f"; {disguises[0].doubt}" if disguises[0].doubt else ""
    if not wrong:
        return f"all {present:,} values are {disguises[0].says}{doubt}"
    return f"{present - wrong:,} of {present:,} values are {disguises[0].says}; the others become null{doubt}"


def _splits(table: TableSummary) -> list[ColumnSummary]:
    return [s for s in table.seen if s.name.casefold() == SPLIT]


# ── the split ──


def split_lines(table: TableSummary) -> Iterator[str]:
    """The split: by time if there is one, else stratified by the label, else by hash. Equal rows stay together."""
    if not table.divisible or not table.rows:
        return
    by, why = _split_by(table)
    if table.order.meaning == "time" and not table.by_time:
        by, why = f"{by}, anyway: true", f"by chance, though rows are in order of {table.order.by}"
    yield ""
    yield f"split: {{train: {TRAIN}, test: {1 - TRAIN:.1f}, by: {by}}}" + (f"  # {why}" if why else "")
    for s in table.groups[:1]:
        group = quoted(f"group({identifier(s.name)})")
        yield f"# split: {{train: {TRAIN}, test: {1 - TRAIN:.1f}, by: {group}}}  # keeps rows of the same {comment_text(s.name)} together"


def _split_by(table: TableSummary) -> tuple[str, str]:
    past = "train on the past, test on the future"
    if table.roles.time:
        return "time", past
    if table.written_time:
        return _by("time", table.written_time.name), past
    if table.times:
        return _by("ordered", table.times[0]), past
    if table.label_counts and min(table.label_counts.values()) > 1:
        return "stratified", "keeps the share of each label value"
    return ("hash, exact: true", "exact shares, as there are few rows") if table.rows < SMALL else ("hash", "")


def _by(what: str, column: str) -> str:
    text = f"{what}({column})"
    return text if re.fullmatch(r"\w+", column) else quoted(text)


# ── features ──


REASONS: tuple[tuple[str, Callable[[ColumnSummary], object]], ...] = (  # why a column is not a feature, the first that holds
    ("private", lambda s: s.private),
    ("empty", lambda s: not s.present),
    ("constant", lambda s: s.constant),
    ("nearly empty", lambda s: s.nearly_empty),
    ("may leak the label", lambda s: s.leakage),
    ("may be another outcome", lambda s: names_another_outcome(s.name)),
    ("no value to learn from", lambda s: s.untrainable),
    ("duplicates {0.duplicate_of}", lambda s: s.duplicate_of),
    ("row numbers", lambda s: s.counts_up),
    ("an id", lambda s: names_id(s.name) and not s.kind.temporal and s.distinct > FEW),
    ("nearly an id", lambda s: s.near_unique and not s.numeric),
    ("nested JSON", lambda s: s.nested),
    ("free text", lambda s: s.free_text),
    ("a day or time", lambda s: s.meant.temporal),
    (f"more than {MANY} categories", lambda s: not s.numeric and s.meant is not Kind.BOOLEAN and s.distinct > MANY and not s.separator),
    ("unsupported kind", lambda s: not (s.meant.numeric or s.meant.categorical)),
)


def left_out(table: TableSummary) -> dict[str, str]:
    """Column → reason why it is not a feature, for columns without another role."""
    parts = _parts(table)
    reasons = {s.name: why for s in table.seen if s.name not in parts and (why := _why_out(s, table))}
    only_text = {n for n, why in reasons.items() if why == "free text"}
    others = any(s.name not in parts | set(reasons) for s in table.seen)
    return {n: why for n, why in reasons.items() if others or n not in only_text}


def _parts(table: TableSummary) -> set[str | None]:
    """The columns that are not features by their role or name."""
    return {table.roles.label, table.roles.time, *table.roles.id, *(s.name for s in _splits(table))}


def _why_out(s: ColumnSummary, table: TableSummary) -> str:
    if why := next((why for why, holds in REASONS if holds(s)), ""):
        return comment_text(why.format(s))
    if s.name in table.times[:1]:
        return "orders the rows: in the test part it is beyond what was learned from"
    if table.waits(s):
        return "may be the time until the event of the label"
    return "may be what is to be predicted; take the label out of this list" if s.name in table.candidates else ""


def features_lines(table: TableSummary) -> Iterator[str]:
    """The feature steps: drop what cannot be learned from, repair values, impute, scale, encode."""
    out = left_out(table)
    no_features = _parts(table) | set(out)
    kept = [s for s in table.seen if s.name not in no_features and not s.free_text]
    if len(out) == len(table.seen):  # a table needs a column
        out = {}
    lines = [*_selected(out), *_repaired(kept), *_numbers(kept), *_encoded(kept)]
    yield ""
    yield "features:  # row in, row out; learned on the training part only; exactly what is served"
    yield from (f"  {line}" for line in lines or ["[]"])


def _selected(out: dict[str, str]) -> Iterator[str]:
    for why in dict.fromkeys(out.values()):
        yield f"- select: {{columns: {yaml_value([f'!{name}' for name, reason in out.items() if reason == why])}}}  # {why}"


def _repaired(kept: Sequence[ColumnSummary]) -> Iterator[str]:
    """Steps that repair values."""
    yield from parse_lines(kept)
    for s in kept:
        if s.infinite:
            limits = f"below: {-LARGEST:.1e}, above: {LARGEST:.1e}"
            yield f"- null_if: {{columns: {yaml_string(s.name)}, {limits}}}  # infinite in {s.infinite:,} rows"
        if s.placeholder is not None:
            yield f"- null_if: {{columns: {yaml_string(s.name)}, values: [{s.placeholder}]}}  # a guess: a placeholder"
        if s.spellings and not (s.disguise and s.disguise.options):
            expression = quoted(f"lower(trim({identifier(s.name)}))")
            yield f"- formula: {{column: {yaml_string(s.name)}, expression: {expression}}}  # one spelling"


def _numbers(kept: Sequence[ColumnSummary]) -> Iterator[str]:
    """Numbers are imputed and scaled; 0 and 1 stay what they are, unless they are missing."""
    numeric = [s for s in kept if s.numeric]
    marked = [s for s in numeric if s.missing > OFTEN_MISSING * s.rows]
    if marked:
        yield f"- impute: {{columns: {_names(marked)}, with: median, indicator: true}}  # often missing, which may be information"
    if plain := [s for s in numeric if s not in marked and not s.binary]:
        yield f"- impute: {{columns: {_columns('numeric', plain, kept)}, with: median}}"
    if gaps := [s for s in kept if s.binary and s.missing and s not in marked]:
        yield f"- impute: {{columns: {_names(gaps)}, with: mode}}"
    if scaled := [s for s in numeric if not s.binary]:
        yield f"- scale: {{columns: {_columns('numeric', scaled, kept, made=marked)}, with: standard}}"


def _encoded(kept: Sequence[ColumnSummary]) -> Iterator[str]:
    """One column for each category; for two categories without gaps one is enough."""
    encoded = [s for s in kept if not (s.numeric or s.binary or s.separator)]
    pairs = [s for s in encoded if s.distinct == 2 and s.full]
    if several := [s for s in encoded if s not in pairs]:
        yield f"- encode: {{columns: {_columns('categorical', several, kept)}, with: one_hot}}"
    if pairs:
        yield f"- encode: {{columns: {_columns('categorical', pairs, kept, made=several)}, with: one_hot, drop: binary}}"
    for s in kept:
        if s.disguise and s.separator:
            options = f"columns: {yaml_string(s.name)}, with: multi_hot, separator: {quoted(s.separator)}"
            yield f"- encode: {{{options}}}  # {comment_text(s.disguise.says)}"


def _names(columns: Sequence[ColumnSummary]) -> str:
    return yaml_value([s.name for s in columns])


def _columns(kind: str, columns: Sequence[ColumnSummary], kept: Sequence[ColumnSummary], made: Sequence[ColumnSummary] = ()) -> str:
    """The names of columns; if there are many, their kind minus the other columns of that kind, including numbers `made` by a step."""
    names = {s.name for s in columns}
    others = [f"!{s.name}" for s in kept if s.name not in names and (s.meant.numeric if kind == "numeric" else s.meant.categorical)]
    others += ["!*_missing"] if made and kind == "numeric" else []
    if len(names) <= LISTED or len(others) > LISTED or any(s.name == kind or s.name.endswith("_missing") for s in kept):
        return _names(columns)
    return yaml_value([kind, *others]) if others else kind
