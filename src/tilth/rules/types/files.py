"""Rule types on files, not on rows: the files at a place, or those that the table was read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tilth.errors import RulesError, listed
from tilth.rules.chosen_files import checksum, chosen
from tilth.rules.conditions import Criterion, utc
from tilth.rules.context import Context
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule, RuleResult, by_condition, failed, judged, metric_name
from tilth.rules.types.rule_type import GLUE, NUMBER, Form, RuleType
from tilth.store.places import Object

NO_FILES = "no files matched"
FILE_COUNT = metric_name("FileCount")


def _about_files(judge: Callable[[Rule, Context, Sequence[Object]], RuleResult]) -> Callable[[Rule, Context], PreparedRule]:
    """The rule on the files that it chooses; without any it fails."""

    def verdict(rule: Rule, context: Context) -> RuleResult:
        files = chosen(rule, _places(rule, context))
        return judge(rule, context, files) if files else failed(NO_FILES)

    return lambda rule, context: PreparedRule((), lambda _: verdict(rule, context))


def _places(rule: Rule, context: Context) -> tuple[str, ...]:
    places = context.names(rule) or context.files
    if not places:
        hint = 'name the files in the rule: FileSize "path" > 0 B'
        raise RulesError("Unable to parse file path from DataFrame", hint=hint, code="no-files")
    return places


# ── FileFreshness, FileSize: every file meets the condition ──


def _modified(file: Object, criterion: Criterion) -> datetime:
    at = utc(datetime.fromtimestamp(file.modified, UTC))
    return at.replace(hour=0, minute=0, second=0, microsecond=0) if criterion.daily else at


def _compliance(rule: Rule, context: Context, files: Sequence[Object], value: Callable[[Object, Criterion], Any]) -> RuleResult:
    """The share of files that meet the condition; with `failFast`, of the files up to the first one that does not."""
    criterion, threshold = context.criterion_of(rule), context.criterion(rule.threshold)
    wrong, seen = [], 0
    for seen, file in enumerate(files, 1):  # noqa: B007 -- the number of examined files
        if not criterion.holds(value(file, criterion)):
            wrong.append(file)
            if rule.flag("failFast"):
                break
    share = (seen - len(wrong)) / seen
    metrics = {_title(rule): share, FILE_COUNT: len(files), **_sizes(rule, files)}
    met = not wrong if threshold is None else threshold.holds(share)
    return judged(met, metrics, (share,), notes=(f"{len(wrong):,} of {seen:,} files do not meet it: {_named(wrong)}",))


def _title(rule: Rule) -> str:
    return metric_name(f"{rule.type}.Compliance")


def _sizes(rule: Rule, files: Sequence[Object]) -> dict[str, int]:
    sizes = [file.bytes for file in files]
    return {metric_name("MaximumFileSize"): max(sizes), metric_name("MinimumFileSize"): min(sizes)} if rule.type == "FileSize" else {}


def _named(files: Iterable[Object]) -> str:
    return listed([file.name for file in files], 5)


# ── FileMatch, FileUniqueness: the content of files ──


def _contents(rule: Rule, files: Iterable[Object], read: Callable[[int], bool]) -> Mapping[Object, tuple[Any, ...]]:
    """File → what identifies it: its size, its checksum if files of this size are read, and its name if the rule says so."""
    named = rule.flag("matchFileName")
    return {file: (file.bytes, read(file.bytes) and checksum(rule, file), file.name if named else "") for file in files}


def _file_match(rule: Rule, context: Context) -> PreparedRule:
    """Whether the files at two places are equal, one by one; or whether each file has one of the checksums."""
    if len(rule.parameters) < 2:
        return _about_files(_known_checksums)(rule, context)

    def verdict() -> RuleResult:
        sides = [chosen(rule, (place,)) for place in context.names(rule)]
        if not all(sides):
            return failed(NO_FILES)
        sizes = [Counter(file.bytes for file in side) for side in sides]
        here, there = (_contents(rule, side, lambda size: size in sizes[0] and size in sizes[1]) for side in sides)
        alone = [_named(_without_partner(a, b)) for a, b in ((here, there), (there, here))]
        notes = tuple(
            f"without a partner in {place}: {names}" for place, names in zip(reversed(context.names(rule)), alone, strict=True) if names
        )
        return judged(not any(alone), {FILE_COUNT: sum(map(len, sides))}, notes=notes)

    return PreparedRule((), lambda _: verdict())


def _without_partner(files: Mapping[Object, tuple[Any, ...]], others: Mapping[Object, tuple[Any, ...]]) -> list[Object]:
    left, alone = Counter(others.values()), []
    for file, content in files.items():
        left[content] -= 1
        if left[content] < 0:
            alone.append(file)
    return alone


def _known_checksums(rule: Rule, context: Context, files: Sequence[Object]) -> RuleResult:
    criterion = context.criterion_of(rule)
    if criterion.operator == "matches":
        raise RulesError("checksums are listed, not matched", accepted='in ["checksum"]', code="E-OPERATOR")
    known = {str(operand).lower() for operand in criterion.operands}
    wrong = [file for file in files if (checksum(rule, file) in known) == criterion.negative]
    return judged(not wrong, {FILE_COUNT: len(files)}, notes=(f"{len(wrong):,} of {len(files):,} files do not meet it: {_named(wrong)}",))


def _file_uniqueness(rule: Rule, context: Context, files: Sequence[Object]) -> RuleResult:
    """The share of files with unique content."""
    sizes = Counter(file.bytes for file in files)
    contents = _contents(rule, files, lambda size: sizes[size] > 1)
    often = Counter(contents.values())
    repeated = [file for file, content in contents.items() if often[content] > 1]
    note = f"{len(repeated):,} of {len(files):,} files have the content of another: {_named(repeated)}"
    title, share = metric_name("FileUniquenessRatio"), (len(files) - len(repeated)) / len(files)
    result = by_condition(context.criterion(rule.condition), title, share, notes=(note,) if repeated else ())
    return RuleResult(result.outcome, {**result.metrics, FILE_COUNT: len(files)}, broken=result.broken, notes=result.notes)


def _lint_checksums(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    if rule.condition and rule.condition.operator == "matches":
        report.warn("W-UNJUDGED", rule.condition.span, "checksums are listed, not matched", accepted='in ["checksum"]')


PATH = ("path",)
CHOICE = ("recentFiles", "uriRegex", "filterOrder")
CONTENT = (*CHOICE, "matchFileName", "hashAlgorithm")

FILE_FRESHNESS = RuleType(
    "FileFreshness", (Form(0, 1, ("date",)),), PATH, 'FileFreshness "path" > (now() - 24 hours)',
    threshold=GLUE, tags=(*CHOICE, "timeZone", "failFast"), metric=lambda rule, context: _title(rule),
    prepare=_about_files(lambda rule, context, files: _compliance(rule, context, files, _modified)),
)  # fmt: skip
FILE_SIZE = RuleType(
    "FileSize", (Form(0, 1, ("size", "number")),), PATH, 'FileSize "path" between 1 KB and 2 GB',
    threshold=GLUE, tags=(*CHOICE, "failFast"), metric=lambda rule, context: _title(rule),
    prepare=_about_files(lambda rule, context, files: _compliance(rule, context, files, lambda file, _: file.bytes)),
)  # fmt: skip
FILE_MATCH = RuleType(
    "FileMatch", (Form(0, 1, ("string",)), Form(2, 2, bare=True)), PATH, 'FileMatch "path" "path", FileMatch "path" in ["checksum"]',
    tags=CONTENT, prepare=_file_match, lint=_lint_checksums,
)  # fmt: skip
FILE_UNIQUENESS = RuleType(
    "FileUniqueness", (Form(0, 1, NUMBER),), PATH, 'FileUniqueness "path" = 1.0', tags=CONTENT, prepare=_about_files(_file_uniqueness),
)  # fmt: skip
