"""Keeps secrets out of messages and logs: every secret value that was resolved within the last hour is replaced.

Messages of drivers pass through `hidden` when they are turned into Tilth's errors; the command line and `logging` apply it again. While a
secret is remembered or being fetched, debug messages of drivers and HTTP clients are withheld, because they contain whole answers.
"""

from __future__ import annotations

import html
import json
import logging
import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import quote, quote_plus

from tilth.errors import RequestError

REMEMBERED = 3600.0  # seconds
SHOWN = "<secret>"
WITHHELD = "a debug message, withheld while a secret is in use"
TALKATIVE = ("boto3", "botocore", "obstore", "py4j", "redshift_connector", "s3transfer", "urllib3")
"""Loggers with debug messages that contain answers, or options of Spark."""
OPEN = (
    *("engine", "host", "port", "username", "user", "dbname", "database", "dbClusterIdentifier", "dbInstanceIdentifier", "masterarn"),
    *("region", "endpoint", "header"),
)
"""Keys in a secret with values that are not secret."""
SHORTEST = 6  # characters of a value inside a JSON secret: a shorter one may be any word
_known: dict[object, tuple[float, frozenset[str]]] = {}  # secret → when it was last used, and the forms of its value
_fetches: set[int] = set()
_numbers = count()


def remember(secret: object, value: str) -> None:
    """Hide a value for the next hour."""
    _listen()
    now = monotonic()
    for old in [known for known, (at, _) in list(_known.items()) if now - at > REMEMBERED]:
        _known.pop(old, None)
    _known[secret] = (now, _known[secret][1] if secret in _known else _forms(value))


def hidden(text: str) -> str:
    """Replace every remembered secret in a text by `<secret>`: in plain, as in URLs, JSON, HTML and base64, and as Python shows it.

    >>> from tilth.secrets import Secret
    >>> password = Secret("env:PGPASSWORD", "p@ss/word")
    >>> hidden("cannot connect to postgresql://me:p%40ss%2Fword@host/db, nor with 'p@ss/word'")
    "cannot connect to postgresql://me:<secret>@host/db, nor with '<secret>'"
    """
    forms = frozenset[str]().union(*(forms for _, forms in list(_known.values())))
    if not forms:
        return text
    return re.sub("|".join(map(re.escape, sorted(forms, key=len, reverse=True))), SHOWN, text)


@contextmanager
def fetching() -> Iterator[None]:
    """While the block fetches a secret from a provider, clients must not log the answer.

    Errors: `RequestError` if `http.client` prints what it receives, because log filters do not see that.
    """
    client = sys.modules.get("http.client")
    if client and client.HTTPConnection.debuglevel:
        message = "http.client prints all that is sent and received, secrets included"
        raise RequestError(message, hint="set http.client.HTTPConnection.debuglevel to 0", code="debug-output")
    _listen()
    number = next(_numbers)
    _fetches.add(number)
    try:
        yield
    finally:
        _fetches.discard(number)


def _forms(value: str) -> frozenset[str]:
    """The forms in which a value, or a value inside it if it is JSON, may occur in a text."""
    return frozenset(form for one in (value, *_inner(value)) for form in _written(one) if form.strip())


def _inner(value: str) -> Iterator[str]:
    """The secret values of a secret in JSON."""
    try:
        levels = [json.loads(value)] if value.lstrip().startswith("{") else []
    except (ValueError, RecursionError):
        return
    while levels:
        level = levels.pop()
        for key, found in level.items() if isinstance(level, dict) else (("", v) for v in level):
            if isinstance(found, dict | list):
                levels.append(found)
            elif key not in OPEN and isinstance(found, str) and len(found) >= SHORTEST:
                yield found


def _written(value: str) -> Iterator[str]:
    yield from (value, value.strip(), repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield from (html.escape(value), html.escape(value, quote=False))
    for escaped in (quote(value), quote(value, safe=""), quote_plus(value)):
        yield from (escaped, re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), escaped))
    data = value.encode("utf-8", "surrogateescape")
    for before in range(3):  # base64 depends on the number of bytes before the value, such as `user:`
        inner = b64encode(bytes(before) + data).decode().rstrip("=")
        start, end = -(-before * 4 // 3), len(inner) - ((before + len(data)) % 3 > 0)
        if end - start >= SHORTEST:
            yield from (inner[start:end], inner[start:end].translate({ord("+"): "-", ord("/"): "_"}))
    yield b64encode(data).decode()


_listens: list[bool] = []


def _listen() -> None:
    """Filter the records of all loggers and handlers of `logging` from now on."""
    if _listens:
        return
    _listens.append(True)
    made = logging.getLogRecordFactory()

    def record_of(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        if _known or _fetches:
            _clean(record)
        return record

    logging.setLogRecordFactory(record_of)


def _clean(record: logging.LogRecord) -> None:
    if record.levelno <= logging.DEBUG and record.name.partition(".")[0] in TALKATIVE:
        record.msg, record.args, record.exc_info = WITHHELD, (), None
        return
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit the message: the handler reports it
        return
    if (shown := hidden(text)) != text:
        record.msg, record.args = shown, ()
    if record.exc_info and record.exc_info[0]:
        record.exc_text = hidden(logging.Formatter().formatException(record.exc_info))
