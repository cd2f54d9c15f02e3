"""Keeps libraries from logging errors that Tilth raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def quiet(*loggers: logging.Logger) -> Iterator[None]:
    """Silence loggers in the block, in this thread only."""
    here = threading.get_ident()

    def of_others(record: logging.LogRecord) -> bool:
        return record.thread != here

    with ExitStack() as filters:
        for logger in loggers:
            logger.addFilter(of_others)
            filters.callback(logger.removeFilter, of_others)
        yield
