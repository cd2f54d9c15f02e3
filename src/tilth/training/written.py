"""Parses channels, hyperparameters and time limits of a command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

from tilth.errors import Mistake, RequestError, all_of, unknown
from tilth.formats.shards import Manifest
from tilth.store.atomic import LISTING
from tilth.store.local import HIDDEN, suffix_of, text_of
from tilth.store.uri import is_local, local_path
from tilth.training.channel import WORDS, Channel
from tilth.yaml import parse

OPTION = re.compile(r",(?=[a-z_]+=)")  # a place may contain a comma
OPTIONS = {
    **{word: word for word in (*WORDS, "content_type", "attributes", "ensure_newline")},
    "shuffle": "seed",
}  # option → field of the channel
TYPES = {"parquet": "application/x-parquet", "csv": "text/csv", "jsonl": "application/jsonlines"}
TRUTH = {"true": True, "false": False}
TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def channels_of(written: Sequence[str]) -> tuple[Channel, ...]:
    """The channels of `NAME=PLACE,OPTION=VALUE,…`. Errors: `RequestError` with everything that is wrong.

    >>> channels_of(["train=s3://ground/run7/,mode=pipe,content_type=text/csv,shuffle=7"])[0].seed
    7
    """
    return tuple(all_of(*(partial(_channel, one) for one in written)))


def _channel(written: str) -> Channel:
    name, mark, rest = written.partition("=")
    if not mark:
        accepted = "NAME=PLACE, such as train=out/train, and options such as ,mode=Pipe"
        raise RequestError(f"{written!r} is not a channel", accepted=accepted, code="bad-channel")
    place, *options = OPTION.split(rest)
    given = dict(option.split("=", 1) for option in options)
    RequestError.reject(_unknown(name, given))
    said = {OPTIONS[word]: _value(name, word, value) for word, value in given.items()}
    if "content_type" not in said and is_local(place):
        said["content_type"] = delivered_type(Path(local_path(place)))
    return Channel(name, place, **said)


def _unknown(name: str, given: dict[str, str]) -> Iterator[Mistake]:
    yield from unknown(given, OPTIONS, f"channel {name!r} has no option {{}}", "unknown-option")


def _value(name: str, word: str, value: str) -> Any:
    """The value of an option; words in any case. Errors: `RequestError` if it should be an integer, or true or false, and is not."""
    try:
        match word:
            case "shuffle":
                return int(value)
            case "ensure_newline":
                return TRUTH[value.lower()]
            case "attributes":
                return tuple(value.split("+"))
            case "content_type":
                return value
    except (ValueError, KeyError) as error:
        accepted = "an integer, the seed" if word == "shuffle" else "true or false"
        raise RequestError(f"channel {name!r}: {word}={value}", accepted=accepted, code="bad-value") from error
    return next((known for known in get_args(WORDS[word]) if known.lower() == value.lower()), value)


def delivered_type(folder: Path) -> str | None:
    """The media type of a folder that Tilth delivered, from its manifest or its files; None for any other folder.

    >>> delivered_type(Path("/nowhere")) is None
    True
    """
    manifest = Manifest.beside(folder)
    if manifest is not None:
        return manifest.contents.media_type or TYPES.get(manifest.format)
    if not (folder / LISTING).is_file():
        return None
    suffixes = {suffix_of(path.name) for path in folder.iterdir() if path.is_file() and path.name[0] not in HIDDEN}
    return TYPES.get(suffixes.pop().removeprefix(".")) if len(suffixes) == 1 else None


def hyperparameters_of(written: Sequence[str], file: Path | None = None) -> dict[str, Any]:
    """The hyperparameters of a JSON or YAML file and of `NAME=VALUE`; later ones win. Errors: `RequestError`.

    >>> hyperparameters_of(["max_depth=6", "where=a=b"])
    {'max_depth': '6', 'where': 'a=b'}
    """
    found: dict[str, Any] = {}
    if file is not None:
        document = parse(text_of(file, "file of hyperparameters"), str(file))
        RequestError.reject(document.mistakes)
        if not isinstance(document.value, dict):
            raise RequestError(f"{file} does not hold hyperparameters", accepted="NAME: VALUE in YAML or JSON", code="bad-file")
        found |= document.value
    wrong = [one for one in written if not one.partition("=")[1]]
    RequestError.reject(Mistake(f"{one!r} is not a hyperparameter", accepted="NAME=VALUE", code="bad-hyperparameter") for one in wrong)
    return found | {name: value for name, _, value in (one.partition("=") for one in written)}


def seconds_of(written: str) -> float:
    """The seconds of a time such as `90`, `90s`, `30m`, `1.5h`. Errors: `RequestError`.

    >>> seconds_of("90"), seconds_of("1.5h")
    (90.0, 5400.0)
    """
    found = TIME.fullmatch(written.strip().lower())
    if found is None or not float(found[1]):
        raise RequestError(f"{written!r} is not a time limit", accepted="seconds, or a time such as 90s, 30m, 2h, 1d", code="bad-time")
    return float(found[1]) * SECONDS[found[2]]
