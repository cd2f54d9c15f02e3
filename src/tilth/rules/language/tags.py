"""The tags other than the threshold: their values, and where they have no effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from tilth.rules.language.syntax import Clock, Keyword, Literal, Rule, Tag, Text, Texts


def _is_flag(tag: Tag) -> bool:
    return tag.word in ("true", "false") and isinstance(tag.value, Text | Keyword)


def _is_whole(tag: Tag) -> bool:
    return isinstance(tag.value, Literal | Text) and re.fullmatch("0*[1-9][0-9]{0,17}", tag.word) is not None


def _is_zone(tag: Tag) -> bool:
    try:
        return isinstance(tag.value, Text) and bool(ZoneInfo(tag.word).key)
    except (ValueError, OSError, KeyError):  # what zoneinfo raises for a name that is not a file of its folder
        return False


A_FLAG = '"true", "false"'
TAG_VALUES: dict[str, tuple[Callable[[Tag], bool], str]] = {
    "ignoreCase": (_is_flag, A_FLAG),
    "format": (lambda tag: isinstance(tag.value, Text), "a layout in quotes, such as " + '"dd-MM-yyyy"'),
    "timeZone": (_is_zone, 'the id of a time zone, such as "Europe/Berlin"'),
    "recentFiles": (_is_whole, "a whole number, at least 1"),
    "uriRegex": (lambda tag: isinstance(tag.value, Text), "a regular expression in quotes"),
    "filterOrder": (
        lambda tag: isinstance(tag.value, Texts) and {one.name for one in tag.value.members} <= {"recentFiles", "uriRegex"},
        '["recentFiles","uriRegex"], in either order',
    ),
    "matchFileName": (_is_flag, A_FLAG),
    "hashAlgorithm": (lambda tag: tag.word in ("MD5", "SHA-1", "SHA-256"), '"MD5", "SHA-1", "SHA-256"'),
    "failFast": (_is_flag, A_FLAG),
    "bins": (lambda tag: _is_whole(tag) and int(tag.word) <= 20, "a whole number from 1 to 20"),
    "rebin": (_is_flag, "true, false"),
}
"""The tags besides the threshold: whether a value fits, and what would."""


def useless(tag: Tag, rule: Rule) -> str:
    """Why a tag has no effect on this rule, though it has on others of the type."""
    condition = rule.condition
    if condition is None:
        return ""
    if tag.name == "ignoreCase" and (condition.family != "string" or condition.operator == "matches"):
        return "only =, !=, in and not in with strings can ignore case; a pattern can begin with (?i)"
    if tag.name == "timeZone" and not any(isinstance(operand, Clock) for operand in condition.operands):
        return "there is no clock time in the condition"
    return ""
