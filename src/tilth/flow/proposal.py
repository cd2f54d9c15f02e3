"""A flow for data that nobody has described yet: roles guessed, rules and steps proposed from a look at the values, traps named.

What is written runs as it is, and its rules pass on the data that it was made from. It is a first draft to read and change, so
every guess says that it is one. Values of columns that look private are never shown.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tilth.data import Column, Dataset, Kind, Roles, Schema
from tilth.engine.engine import Engine
from tilth.engine.expressions import col, is_null, lit
from tilth.engine.operations import FitsForm, IsToken
from tilth.engine.statistics import count, count_of
from tilth.flow.text import plain
from tilth.formats import read
from tilth.metrics.keys import DuplicateRows, Frequencies
from tilth.metrics.metric import measured
from tilth.metrics.profile import profile_findings

TOKENS = ("?", "N/A", "NA", "#N/A", "-", "--", ".", "null", "none", "nil", "nan", "unknown", "missing", "undefined")
CODES = (-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999)  # numbers that often stand for "not known"
FEW, MANY = 20, 50  # different values: up to FEW a set is proposed as a rule, above MANY a column is not encoded whole
NEARLY_ALL = 0.9
LABELS = ("label", "target", "class", "outcome", "approved", "default", "churn", "churned", "survived", "fraud", "income", "y")
GOOD = ("yes", "y", "true", "t", "1", "1.0", "good", "approved", "accepted", "positive", "pass", "passed", ">50k", "survived")
FACETS = re.compile(r"(^|_)(sex|gender|race|ethnic\w*|religion|nationality|disab\w*|age)(_|$)", re.IGNORECASE)
IDS = re.compile(r"(^|[_ ])(id|key|uuid|guid|no|nr|number)([_ ]|$)|id$", re.IGNORECASE)
PRIVATE_NAMES = re.compile(
    r"(^|_)(name|first_?name|last_?name|surname|e?mail|phone|mobile|tel|telephone|iban|account|ssn|passport|address|street|ip)(_|$)",
    re.IGNORECASE,
)
ADDRESS_INSIDE = r"[^@]*[A-Za-z0-9_]@[A-Za-z0-9][^@]*"
INSIDE = 0.01  # the share of texts with an address inside from which on a column counts as private
PRIVATE_VALUES = {
    "e-mail addresses": r"[^@ ]+@[^@ ]+\.[A-Za-z]+",
    "phone numbers": r"[+]?[0-9]*[ ]?[(]?[0-9]{2,4}[)]?[ /-][0-9]{3}[0-9 -]{2,9}",
    "numbers like an IBAN": r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9 ]{7,26}",
}


@dataclass(frozen=True)
class Seen:
    """One column: what the profile counted of it, and what gives reason to doubt it."""

    column: Column
    rows: int
    missing: int
    distinct: int
    top: tuple[tuple[Any, int], ...] = ()
    low: Any = None
    high: Any = None
    longest: int = 0
    private: str = ""
    code: int | None = None
    spelt: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    leak: str = ""

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def full(self) -> bool:
        """Whether no value is missing."""
        return not self.missing

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.full and self.distinct == self.rows > 1

    @property
    def near_unique(self) -> bool:
        """Whether nearly every row has a value of its own."""
        return self.column.kind in (Kind.INTEGER, Kind.TEXT) and self.rows > 20 and self.distinct > NEARLY_ALL * (self.rows - self.missing)

    @property
    def constant(self) -> bool:
        """Whether there is but one value."""
        return self.distinct <= 1


@dataclass(frozen=True)
class Look:
    """What one look at a table gave."""

    seen: tuple[Seen, ...]
    roles: Roles
    rows: int
    nulls: tuple[str, ...] = ()
    copies: int = 0
    label_counts: Mapping[Any, int] = field(default_factory=dict)

    def of(self, name: str) -> Seen:
        """What was seen of a column."""
        return next(s for s in self.seen if s.name == name)


def propose(place: str, shown_place: str, engine: Engine, options: Mapping[str, Any]) -> str:
    """The text of a flow for the data in a place. `shown_place` is how the flow shall name it, `options` how to read it.

    Errors: those of reading.
    """
    return "\n".join(_written(look(place, engine, options), shown_place, options)) + "\n"


# ── looking ──


def look(place: str, engine: Engine, options: Mapping[str, Any]) -> Look:
    """What the data shows of itself: in three passes and a few, whatever the number of rows."""
    data = read(place, engine=engine, **options)
    nulls = _null_tokens(data, engine) if not options.get("nulls") else ()
    if nulls:
        data = read(place, engine=engine, **{**options, "nulls": nulls})
    schema = engine.schema(data)
    private = _private(schema, data, engine)
    seen = [_seen(f.details, schema[f.name], private.get(f.name, "")) for f in profile_findings(data, engine)]
    roles = _roles(seen)
    rows = seen[0].rows if seen else 0
    content = tuple(s.name for s in seen if s.name not in roles.id or not s.unique)
    copies = int(measured(data, [DuplicateRows(content)], engine)[DuplicateRows(content)]) if content else 0
    counts: dict[Any, int] = {}
    if roles.label:
        seen, counts = _leaks(seen, roles, data, engine)
        roles = replace(roles, positive=_positive(counts))
    return Look(tuple(seen), roles, rows, nulls, copies, counts)


def _null_tokens(data: Dataset, engine: Engine) -> tuple[str, ...]:
    """The usual texts for "nothing" that stand in columns of texts, in one pass."""
    texts = [c.name for c in engine.schema(data) if c.kind is Kind.TEXT]
    if not texts:
        return ()
    asked = {t: [count(IsToken.of(col(c), lit(t))) for c in texts] for t in TOKENS}
    answer = engine.answer(data, [s for several in asked.values() for s in several])
    return tuple(t for t, several in asked.items() if any(answer[s] for s in several))


def _private(schema: Schema, data: Dataset, engine: Engine) -> dict[str, str]:
    """Column → why it looks private: by its name, or because of values that look like an address or a number of a person."""
    found = {c.name: "its name says so" for c in schema if PRIVATE_NAMES.search(c.name)}
    texts = [c.name for c in schema if c.kind is Kind.TEXT]
    forms = {**{what: (form, 0.5) for what, form in PRIVATE_VALUES.items()}, "addresses inside texts": (ADDRESS_INSIDE, INSIDE)}
    asked = {(c, what): count(FitsForm.of(col(c), lit(form))) for c in texts for what, (form, _) in forms.items()}
    there = {c: count_of(col(c)) for c in texts}
    answer = engine.answer(data, [*asked.values(), *there.values()]) if texts else {}
    for (c, what), statistic in reversed(asked.items()):
        if answer[there[c]] and answer[statistic] >= answer[there[c]] * forms[what][1]:
            found[c] = f"it holds {what}"
    return found


def _seen(details: Mapping[str, Any], column: Column, private: str) -> Seen:
    top = tuple((value, n) for value, n in details.get("top", ()))
    low, high = details.get("minimum"), details.get("maximum")
    longest = int((details.get("lengths") or {}).get("max", 0))
    code = next((code for code in CODES if _looks_like_code(code, details)), None)
    seen = Seen(
        column, details["rows"], details["missing"], details.get("distinct", 0), top, low, high, longest, private, code, _spelt(top)
    )
    return replace(seen, doubts=tuple(_doubts(seen)))


def _spelt(top: Iterable[tuple[Any, int]]) -> tuple[str, ...]:
    """The ways in which the most frequent texts spell one and the same."""
    folded: dict[str, set[str]] = {}
    for value in (v for v, _ in top if isinstance(v, str)):
        folded.setdefault(value.strip().casefold(), set()).add(value)
    return tuple(sorted(next((ways for ways in folded.values() if len(ways) > 1), ())))


def _doubts(seen: Seen) -> Iterator[str]:
    if seen.rows and seen.missing == seen.rows:
        yield "holds nothing at all"
    elif seen.constant:
        yield "is the same in every row: it can tell nothing"
    if seen.code is not None:
        yield f'holds {seen.code}, which may stand for "not known"'
    elif (
        re.search(r"(^|_)age(_|$)", seen.name, re.IGNORECASE)
        and isinstance(seen.low, int | float)
        and not 0 <= seen.low <= seen.high <= 120
    ):
        yield f"goes from {seen.low} to {seen.high}"
    if seen.spelt and not seen.private:
        yield f"spells the same in several ways: {', '.join(map(repr, seen.spelt))}"


def _looks_like_code(code: int, details: Mapping[str, Any]) -> bool:
    """Whether an extreme value is a usual code and lies far from where nearly all values lie."""
    low, high = details.get("minimum"), details.get("maximum")
    if not isinstance(low, int | float) or code not in (low, high):
        return False
    inner = sorted(q for name, q in details.items() if re.fullmatch(r"p[0-9]+|median", name) and q not in (None, code))
    if len(inner) < 2:
        return False
    width = max(inner[-1] - inner[0], 1e-9)
    return bool(code < inner[0] - width if code == low else code > inner[-1] + width)


def _roles(seen: Sequence[Seen]) -> Roles:
    """Who plays which part, as far as names and values tell."""
    key = next((s for s in seen if s.unique and IDS.search(s.name)), None)
    key = key or next((s for s in seen if s.near_unique and s.full and IDS.search(s.name) and not s.private), None)
    key = key or next((s for s in seen if s.unique and s.column.kind in (Kind.INTEGER, Kind.TEXT)), None)
    time = next((s.name for s in seen if s.column.kind in (Kind.TIMESTAMP, Kind.INSTANT, Kind.DATE) and s.full and not s.constant), None)
    label = _label([s for s in seen if s is not key and s.name != time and not s.private])
    facets = [s.name for s in seen if FACETS.search(s.name) and not s.constant and s is not label and not s.private]
    return Roles.of(
        id=[key.name] if key else [],
        time=time,
        label=label.name if label else None,
        facet=facets,
        private=[s.name for s in seen if s.private and s is not key],
    )


def _label(seen: Sequence[Seen]) -> Seen | None:
    """The column named like an outcome, else the last one of few values."""
    fit = [s for s in seen if 2 <= s.distinct <= FEW and s.column.kind in (Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER)]
    named = [s for word in LABELS for s in fit if s.name.casefold() == word]
    return named[0] if named else fit[-1] if fit and fit[-1] is seen[-1] else None


def _positive(counts: Mapping[Any, int]) -> tuple[Any, ...]:
    """The label's value that is named like a good outcome, else the rarest, which is usually the one that somebody waits for."""
    values = sorted(counts, key=lambda value: (counts[value], str(value)))
    good = [v for v in values if str(v).strip().casefold() in GOOD]
    return tuple(good[:1] or values[:1])


def _leaks(seen: Sequence[Seen], roles: Roles, data: Dataset, engine: Engine) -> tuple[list[Seen], dict[Any, int]]:
    """The columns with the reason for which they may tell the label, and the label's values with their rows."""
    label = roles.label or ""
    y = col(label)
    others = [s for s in seen if s.name not in (label, *roles.id)]
    gaps = {s.name: count(is_null(col(s.name))).grouped(y) for s in others if 0 < s.missing < s.rows}
    groups = {s.name: Frequencies((s.name, label)) for s in others if 2 <= s.distinct <= FEW}
    whole = Frequencies((label,))
    counts = {key: n for (key,), n in measured(data, [whole], engine)[whole].items() if key is not None}
    gap_counts = engine.answer(data, gaps.values()) if gaps else {}
    tables = measured(data, groups.values(), engine) if groups else {}
    found = []
    for s in seen:
        leak = ""
        if s.name in groups and _one_to_one(tables[groups[s.name]]):
            leak = "each of its values goes with one value of the label"
        elif s.name in gaps and _empty_by_label({k[0]: n for k, n in gap_counts[gaps[s.name]].items()}, counts):
            leak = "it is empty just where the label has one value"
        found.append(replace(s, leak=leak))
    return found, counts


def _one_to_one(table: Mapping[tuple[Any, ...], int]) -> bool:
    pairs = [key for key, n in table.items() if None not in key and n]
    values, labels = {a for a, _ in pairs}, {b for _, b in pairs}
    return len(pairs) == len(values) and len(labels) > 1


def _empty_by_label(gaps: Mapping[Any, int], counts: Mapping[Any, int]) -> bool:
    """Whether a column is empty in all rows of some values of the label, and in none of the others."""
    shares = [gaps.get(value, 0) / n for value, n in counts.items() if n]
    return len(shares) > 1 and max(shares) > 0.99 and min(shares) < 0.01


# ── writing ──


def _written(found: Look, place: str, options: Mapping[str, Any]) -> Iterator[str]:
    yield "# A first draft, made from a look at the data. It runs as it is; every guess is yours to change."
    yield "#   tilth run THIS-FILE -o result"
    yield from _traps(found)
    yield ""
    yield "data:"
    yield f"  read: {word(place)}"
    yield from (f"  {name}: {_value(value)}" for name, value in options.items() if name != "nulls")
    nulls = (*found.nulls, *options.get("nulls", ()))
    if nulls:
        yield f"  nulls: [{', '.join(json.dumps(n, ensure_ascii=False) for n in nulls)}]  # texts that stand for nothing"
    yield from _roles_written(found)
    yield ""
    yield "check: |"
    yield "  Rules = ["
    rules = list(_rules(found))
    yield from (f"      {rule}{',' if i < len(rules) - 1 else ''}" for i, rule in enumerate(rules))
    yield "  ]"
    yield from _rows(found)
    yield from _split(found)
    yield from _features(found)
    yield from _training(found)
    yield ""
    yield "measure: [bias, profile]  # on the raw data, and again after each part" if _has_bias(found) else "measure: [profile]"


def _has_bias(found: Look) -> bool:
    return bool(found.roles.label and found.roles.facet)


def _traps(found: Look) -> Iterator[str]:
    """Everything that could go wrong without anybody noticing."""
    told = []
    for s in found.seen:
        told += [f"{s.name} {doubt}" for doubt in s.doubts]
        told += [f"{s.name} may be a leak: {s.leak}"] if s.leak else []
        told += [f"{s.name} looks private: {s.private}"] if s.private else []
        if s.name in found.roles.id and not s.unique:
            told.append(f"{s.name} should tell rows apart, but there are {s.distinct:,} values in {s.rows:,} rows")
        elif s.near_unique and not s.private and s.name not in found.roles.id:
            told.append(f"{s.name} is nearly an id ({s.distinct:,} values in {s.rows:,} rows): no feature")
    if found.nulls:
        told.append(f"missing values are disguised as {', '.join(found.nulls)}")
    if found.copies:
        told.append(f"{found.copies:,} rows are not the only ones with their content")
    if found.label_counts:
        small = min(found.label_counts.values())
        whole = sum(found.label_counts.values())
        told += [f"the label is unbalanced: {small:,} of {whole:,} rows are of its rarest value"] if small < 0.2 * whole else []
        lacking = found.rows - whole
        told += [f"the label is missing in {lacking:,} rows"] if lacking else []
    if found.roles.time:
        told.append(f"rows have a time ({found.roles.time}): a split at random would let the future teach the past")
    if told:
        yield "#"
        yield "# Traps:"
        yield from (f"# - {_comment(t)}" for t in told)


def _roles_written(found: Look) -> Iterator[str]:
    roles = found.roles
    lines = []
    if roles.id:
        key = found.of(roles.id[0])
        lines.append(f"    id: {word(key.name)}  # {'every row has its own' if key.unique else 'a guess: nearly every row has its own'}")
    if roles.label:
        lines.append(f"    label: {word(roles.label)}  # a guess: what shall be predicted?")
        lines += [f"    positive: {_value(v)}  # a guess: the good outcome" for v in roles.positive]
    if roles.time:
        lines.append(f"    time: {word(roles.time)}")
    if roles.facet:
        lines.append(f"    facet: {_list(roles.facet)}  # against which bias is measured")
    if roles.private:
        lines.append(f"    private: {_list(roles.private)}  # masked wherever values are shown")
    if lines:
        yield "  roles:"
        yield from lines


def _rules(found: Look) -> Iterator[str]:
    yield "RowCount > 0"
    for s in found.seen:
        if re.search(r'["\\\n]', s.name):  # such a name cannot be written without escapes; a rule of one's own may
            continue
        yield from _rules_of(s, s.name in found.roles.id)


def _rules_of(s: Seen, is_key: bool) -> Iterator[str]:
    name = f'"{s.name}"'
    if is_key:
        yield f"IsPrimaryKey {name}" if s.unique else f"IsComplete {name}"
    elif s.full and s.rows:
        yield f"IsComplete {name}"
    elif s.missing < s.rows:
        yield f"Completeness {name} >= {math.floor((1 - s.missing / s.rows) * 100) / 100:g}"
    where = f' where "{_identifier(s.name)} is not null"' if s.missing else ""
    if s.private or is_key or s.missing == s.rows:
        return
    if s.column.kind in (Kind.INTEGER, Kind.FLOAT) and isinstance(s.low, int | float) and isinstance(s.high, int | float):
        yield f"ColumnValues {name} >= {_rounded(s.low, down=True)}{where}"
        yield f"ColumnValues {name} <= {_rounded(s.high, down=False)}{where}"
    elif (
        s.column.kind is Kind.TEXT
        and s.top
        and s.distinct <= min(FEW, len(s.top))
        and not any(re.search(r'["\\\n]', str(v)) for v, _ in s.top)
    ):
        yield f"ColumnValues {name} in [{', '.join(json.dumps(str(v), ensure_ascii=False) for v, _ in s.top)}]{where}"
    elif s.column.kind is Kind.TEXT and s.longest:
        yield f"ColumnLength {name} <= {s.longest}{where}"


def _rows(found: Look) -> Iterator[str]:
    steps = []
    key = found.of(found.roles.id[0]) if found.roles.id else None
    if key is not None and not key.unique:
        steps.append(f"  - dedupe: {{on: {word(key.name)}}}  # one row for each")
    elif found.copies and key is None:
        steps.append("  - dedupe  # one of equal rows")
    elif found.copies and key is not None:
        steps.append(f"  - dedupe: {{on: {_list(s.name for s in found.seen if s is not key)}}}  # equal but for their {_comment(key.name)}")
    if found.roles.label and found.of(found.roles.label).missing:
        steps.append(
            f"  - filter: {json.dumps(_identifier(found.roles.label) + ' IS NOT NULL', ensure_ascii=False)}  # nothing to learn from"
        )
    if steps:
        yield ""
        yield "rows:  # the whole table, before the split; never served"
        yield from steps


def _split(found: Look) -> Iterator[str]:
    roles = found.roles
    by = "by: time" if roles.time else "by: stratified" if roles.label else "by: hash"
    why = "the past teaches, the future tests" if roles.time else "each value of the label keeps its share" if roles.label else ""
    yield ""
    yield f"split: {{train: 0.8, test: 0.2, {by}}}" + (f"  # {why}" if why else "")


def _left_out(found: Look) -> list[tuple[str, str]]:
    roles = found.roles
    keep = {roles.label, roles.time, *roles.id}
    reasons = []
    for s in found.seen:
        if s.name in keep:
            continue
        why = (
            "private"
            if s.private
            else "constant"
            if s.constant
            else "may tell the label"
            if s.leak
            else "nearly an id"
            if s.near_unique
            else ""
        )
        why = why or ("free text" if s.column.kind is Kind.TEXT and s.distinct > MANY and s.distinct > 0.2 * (s.rows - s.missing) else "")
        why = why or ("no kind to learn from" if not (s.column.kind.numeric or s.column.kind.categorical) else "")
        if why:
            reasons.append((s.name, why))
    return reasons


def _features(found: Look) -> Iterator[str]:
    out = _left_out(found)
    gone = {name for name, _ in out} | {found.roles.label, found.roles.time, *found.roles.id}
    numeric = [s for s in found.seen if s.column.kind.numeric and s.name not in gone]
    texts = [s for s in found.seen if s.column.kind.categorical and s.name not in gone]
    yield ""
    yield "features:  # row in, row out; learned on the training part only; exactly what is served"
    if out:
        why = ", ".join(dict.fromkeys(w for _, w in out))
        yield f"  - select: {{columns: {_list([f'!{name}' for name, _ in out])}}}  # {why}"
    for s in texts:
        if s.spelt:
            expression = f"lower(trim({_identifier(s.name)}))"
            yield f"  - formula: {{column: {word(s.name)}, expression: {json.dumps(expression, ensure_ascii=False)}}}  # one spelling"
    for s in numeric:
        if s.code is not None:
            yield f"  - null_if: {{columns: {word(s.name)}, values: [{s.code}]}}  # a guess: not known"
    if numeric:
        names = _list([s.name for s in numeric])
        indicator = ", indicator: true" if any(s.missing > 0.05 * s.rows for s in numeric) else ""
        yield f"  - impute: {{columns: {names}, with: median{indicator}}}"
        yield f"  - scale: {{columns: {names}, with: standard}}"
    if texts:
        most = f", max_categories: {MANY}" if any(s.distinct > MANY for s in texts) else ""
        yield f"  - encode: {{columns: {_list([s.name for s in texts])}, with: one_hot{most}}}"
    if not (out or numeric or texts):
        yield "  []"


def _training(found: Look) -> Iterator[str]:
    if found.label_counts and min(found.label_counts.values()) < 0.2 * sum(found.label_counts.values()):
        yield ""
        yield "# training:  # the training part only. The label is unbalanced; this would give its values equal weight:"
        yield "#   - balance: {with: weights}"


# ── words ──


def word(text: str) -> str:
    """A text as YAML: bare where it is read as that text, else in quotes."""
    bare = re.fullmatch(r"[\w./][\w./-]*", text) is not None and plain(text) == text and text.isprintable()
    return text if bare else json.dumps(text, ensure_ascii=False)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(word(t) for t in texts)}]"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(v) for v in value)}]"
    return word(value) if isinstance(value, str) else json.dumps(value)


def _identifier(name: str) -> str:
    """A column's name in a formula."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"`{name.replace('`', '``')}`"


def _comment(text: str) -> str:
    return " ".join(text.split())


def _rounded(x: float, down: bool) -> str:
    """A bound with two digits that matter, on the outer side of the value."""
    if x == 0:
        return "0"
    step = 10 ** (math.floor(math.log10(abs(x))) - 1)
    bound = (math.floor if down else math.ceil)(x / step) * step
    if isinstance(x, int) or float(x).is_integer():
        bound = min(bound, x) if down else max(bound, x)
        return str(int(bound))
    return f"{bound:.10g}"
