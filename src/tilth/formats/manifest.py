"""SageMaker's manifests: the objects in S3 that belong to a channel, as a list or by prefix."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tilth.errors import Mistake, SourceError, listed, warn
from tilth.errors import Place as FilePlace

PREFIX = "prefix"


def objects_under(prefix: str, keys: Iterable[str]) -> list[str]:
    """The keys that `S3Prefix` selects, in order of their UTF-8 bytes: keys that begin with the prefix, a string rather than a folder.

    Keys that end in `/` mark folders and are left out.

    >>> objects_under("run/train", ["run/train/b", "run/train-old/x", "run/train/", "run/test/a"])
    ['run/train-old/x', 'run/train/b']
    """
    return sorted((k for k in keys if k.startswith(prefix) and not k.endswith("/")), key=lambda k: k.encode())


def manifest_file(prefix: str, names: Sequence[str]) -> str:
    """A SageMaker `ManifestFile`: a prefix, and names that are appended to it unchanged.

    Errors: `SourceError` as for `listed_in`.

    >>> manifest_file("s3://ground/run7/", ["part-000.csv", "b/part-001.csv"])
    '[{"prefix": "s3://ground/run7/"}, "part-000.csv", "b/part-001.csv"]\\n'
    """
    text = json.dumps([{PREFIX: prefix}, *names], ensure_ascii=False) + "\n"
    listed_in(text)
    return text


def listed_in(text: str, name: str = "<manifest>") -> list[str]:
    """The places in a `ManifestFile`. No slash is added to the prefix.

    A repeated name gives a warning. Errors: `SourceError` for an invalid manifest, and for names that are URIs (`s3://…`) or contain `..`.

    >>> listed_in('[{"prefix": "s3://ground/run7/"}, "part-000.csv"]')
    ['s3://ground/run7/part-000.csv']
    """
    prefix, names = entries(text, name)
    return [prefix + n for n in names]


def entries(text: str, name: str = "<manifest>", bare: bool = False) -> tuple[str, list[str]]:
    """The prefix of a `ManifestFile`, and the names. If `bare`, the prefix may be left out and is then empty.

    Errors and warnings: as for `listed_in`.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{name} is not JSON", accepted=ACCEPTED, code="bad-manifest") from error
    head = content[0] if isinstance(content, list) and content else None
    if bare and isinstance(head, str):
        prefix, names = "", content
    elif isinstance(head, dict) and list(head) == [PREFIX] and isinstance(head[PREFIX], str) and head[PREFIX]:
        prefix, names = head[PREFIX], content[1:]
    else:
        raise SourceError(f"{name} does not begin with an object of one key, `prefix`", accepted=ACCEPTED, code="bad-manifest")
    SourceError.reject(
        Mistake(f"entry {i}: {wrong}", FilePlace(name), accepted=ACCEPTED, code="bad-manifest")
        for i, entry in enumerate(names, len(content) - len(names))
        if (wrong := _wrong(entry))
    )
    twice = [repr(entry) for entry, times in Counter(names).items() if times > 1]
    if twice:
        warn(f"{name} lists {listed(twice)} more than once; their rows are read as often")
    return prefix, names


ACCEPTED = '[{"prefix": "s3://bucket/folder/"}, "name", …]'


def _wrong(entry: Any) -> str:
    if not isinstance(entry, str) or not entry:
        return "it is not a name"
    if "://" in entry or ".." in entry.split("/"):
        return f"{entry!r} is not a name under the prefix"
    return ""
