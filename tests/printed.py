"""What the app prints as its log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.logs import JsonLines


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def printed() -> Iterator[list[str]]:
    """The lines printed from here on, as they are printed."""
    handler = Lines()
    logging.getLogger("app").addHandler(handler)
    try:
        yield handler.lines
    finally:
        logging.getLogger("app").removeHandler(handler)
