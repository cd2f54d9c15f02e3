"""What prepares the data: rows that go, the split, and the features, each step with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilth.drafting.disguises import COMMAS, DATES, MONTHS, NUMBERS
from tilth.drafting.names import names_id
from tilth.drafting.seen import FEW, MANY, Look, Seen
from tilth.drafting.words import identifier, quoted, remark, word, words
from tilth.steps.rows.split import SPLIT

SMALL = 100  # rows below which a split by chance may be far from its shares
LISTED = 8  # columns that are named one by one; of more of a kind the kind is named
LARGEST = 1e308  # what lies beyond is infinite
SHARE = 0.8  # of the training part


# ── rows ──


def rows_lines(found: Look) -> Iterator[str]:
    """The steps that change the rows of the whole table."""
    steps = [f"- select: {{columns: [{quoted(f'!{s.name}')}]}}  # the split makes a column of this name" for s in _splits(found)]
    if found.month:
        name, first = found.month.name, quoted(f"concat({identifier(found.month.name)}, '-01')")
        steps.append(f"- formula: {{column: {word(name)}, expression: {first}}}  # the first day of the month")
        steps.append(f"- cast: {{columns: {word(name)}, to: date}}")
    if found.key and not found.key.unique:
        steps.append(f"- dedupe: {{on: {word(found.key.name)}}}  # one row for each")
    if found.roles.label and found.of(found.roles.label).missing:
        steps.append(f"- filter: {quoted(f'{identifier(found.roles.label)} IS NOT NULL')}  # nothing to learn from")
    if not steps and not found.copies:
        return
    yield ""
    yield f"{'' if steps else '# '}rows:  # the whole table, before the split; never served"
    yield from (f"  {step}" for step in steps)
    if found.copies and found.key is None:
        yield "#  - dedupe  # one of equal rows: if they are copies, and not things that are alike"
    elif found.copies and found.key and found.key.unique:
        name = found.key.name
        yield f"#  - dedupe: {{on: {words(['*', f'!{name}'])}}}  # one of those that are equal but for their {remark(name)}"


def _splits(found: Look) -> list[Seen]:
    return [s for s in found.seen if s.name.casefold() == SPLIT]


# ── the split ──


def split_lines(found: Look) -> Iterator[str]:
    """How rows are divided: by time where there is one, else with the label's shares kept, else by chance. Equal rows cannot be."""
    if not found.divisible or not found.rows:
        return
    by, why = _split_by(found)
    yield ""
    yield f"split: {{train: {SHARE}, test: {1 - SHARE:.1f}, by: {by}}}" + (f"  # {why}" if why else "")
    for s in found.groups[:1]:
        group = quoted(f"group({identifier(s.name)})")
        yield f"# split: {{train: {SHARE}, test: {1 - SHARE:.1f}, by: {group}}}  # keeps rows of the same {remark(s.name)} together"


def _split_by(found: Look) -> tuple[str, str]:
    if found.roles.time:
        return "time", "the past teaches, the future tests"
    if found.times and _parts_in_two(found.of(found.times[0])):
        return f"ordered({found.times[0]})", "the past teaches, the future tests"
    if found.month:
        return word(f"time({found.month.name})"), "the past teaches, the future tests"
    if found.label_counts:
        return "stratified", "each value of the label keeps its share"
    return ("hash, exact: true", "shares exact to one row, as there are few") if found.rows < SMALL else ("hash", "")


def _parts_in_two(year: Seen) -> bool:
    """Whether years can be cut so that some are left to test; the counts are there if years are few."""
    below = 0
    for value, n in sorted(year.top):
        below += n
        if below >= SHARE * year.rows:
            return bool(value != year.high)
    return not year.top


# ── features ──


def left_out(found: Look) -> dict[str, str]:
    """Column → why it is no feature, for those that play no part which says so already."""
    roles = found.roles
    keep = {roles.label, roles.time, *roles.id, *(s.name for s in _splits(found))}
    reasons = {s.name: why for s in found.seen if s.name not in keep and (why := _why_out(s))}
    only_text = {n for n, why in reasons.items() if why == "free text"}
    others = any(s.name not in keep | set(reasons) for s in found.seen)
    return {n: why for n, why in reasons.items() if others or n not in only_text}


def _why_out(s: Seen) -> str:
    reasons = {
        "private": bool(s.private),
        "empty": not s.there,
        "constant": s.constant,
        "nearly empty": s.nearly_empty,
        "may tell the label": bool(s.leak),
        "no value to learn from": s.late,
        f"says the same as {remark(s.twin)}": bool(s.twin),
        f"{s.written} read as text": s.written in (MONTHS, DATES, COMMAS),
        "an id": names_id(s.name) and not s.kind.temporal and s.distinct > FEW,
        "nearly an id": s.near_unique and not s.numeric,
        "free text": s.free_text,
        "a time": s.kind.temporal,
        "no kind to learn from": not (s.kind.numeric or s.kind.categorical),
    }
    return next((why for why, holds in reasons.items() if holds), "")


def features_lines(found: Look) -> Iterator[str]:
    """The steps that make features: what cannot be learned from goes, disguises are taken off, gaps filled, categories encoded."""
    out = left_out(found)
    parts = {found.roles.label, found.roles.time, *found.roles.id, *(s.name for s in _splits(found))}
    kept = [s for s in found.seen if s.name not in parts | set(out) and not s.free_text]
    numeric, categories = [s for s in kept if s.numeric], [s for s in kept if not s.numeric]
    if len(out) == len(found.seen):  # a table without columns is none
        out = {}
    yield ""
    yield "features:  # row in, row out; learned on the training part only; exactly what is served"
    lines = [*_selected(out), *_mended(numeric, categories), *_numbers(found, numeric, categories), *_encoded(found, categories)]
    yield from (f"  {line}" for line in lines or ["[]"])


def _selected(out: dict[str, str]) -> Iterator[str]:
    if out:
        yield f"- select: {{columns: {words(f'!{name}' for name in out)}}}  # {', '.join(dict.fromkeys(out.values()))}"


def _mended(numeric: Sequence[Seen], categories: Sequence[Seen]) -> Iterator[str]:
    """What takes disguises off."""
    for s in numeric:
        if s.written == NUMBERS:
            yield f"- cast: {{columns: {word(s.name)}, to: float}}  # what is no number becomes null"
        if s.infinite:
            yield f"- null_if: {{columns: {word(s.name)}, below: {-LARGEST:.1e}, above: {LARGEST:.1e}}}  # infinite"
        if s.code is not None:
            yield f"- null_if: {{columns: {word(s.name)}, values: [{s.code}]}}  # a guess: not known"
    for s in categories:
        if s.spelt:
            expression = quoted(f"lower(trim({identifier(s.name)}))")
            yield f"- formula: {{column: {word(s.name)}, expression: {expression}}}  # one spelling"


def _numbers(found: Look, numeric: Sequence[Seen], categories: Sequence[Seen]) -> Iterator[str]:
    if not numeric:
        return
    gaps = any(s.missing > 0.05 * s.rows for s in numeric)
    alike = not gaps and not any(s.coded for s in categories)  # an indicator is a number too, and so is a code
    columns = _columns(found, "numeric", numeric, alike)
    yield f"- impute: {{columns: {columns}, with: median{', indicator: true' if gaps else ''}}}"
    yield f"- scale: {{columns: {columns}, with: standard}}"


def _encoded(found: Look, categories: Sequence[Seen]) -> Iterator[str]:
    if categories:
        most = f", max_categories: {MANY}" if any(s.distinct > MANY for s in categories) else ""
        alike = not any(s.coded for s in categories) and not any(s.free_text for s in found.seen)
        yield f"- encode: {{columns: {_columns(found, 'categorical', categories, alike)}, with: one_hot{most}}}"


def _columns(found: Look, kind: str, columns: Sequence[Seen], alike: bool) -> str:
    """Columns one by one; or, where they are many and all that a kind means, that kind."""
    short = alike and len(columns) > LISTED and all(s.name != kind for s in found.seen)
    return kind if short else words(s.name for s in columns)
