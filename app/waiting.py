"""How psycopg2 waits for the database: until a moment, and not for ever.

libpq itself waits until the other side speaks, hangs up, or the kernel gives the connection up; a
network that has gone silent would hold a request until its platform kills it. So we wait in its
place (psycopg2's wait callback, which holds for every connection of the process): a poll on the
socket, with a limit. What the server said before it hung up comes with it, which libpq's own wait
loses. What it costs: COPY does not work in this process, and `connect_timeout` has no effect.
"""

import math
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from psycopg2 import OperationalError
from psycopg2.extensions import POLL_OK, POLL_READ, set_wait_callback

limit: ContextVar[float] = ContextVar("limit", default=math.inf)
"""Until when to wait, in seconds since the epoch: a frozen sandbox stops the monotonic clock."""


class Silence(OperationalError):  # type: ignore[misc]  # noqa: N818  psycopg2 has no types
    """Nothing came from the database until the limit; psycopg2 has closed the connection."""


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Wait no longer than this, nor than whoever called us may."""
    token = limit.set(min(moment, limit.get()))
    try:
        yield
    finally:
        limit.reset(token)


def left() -> float:
    """Seconds until the limit; below 0 when it has passed."""
    return limit.get() - time.time()


def wait(connection: Any) -> None:
    while (state := connection.poll()) != POLL_OK:
        socket = select.poll()  # a new one each time: connecting may change the descriptor
        socket.register(connection, select.POLLIN if state == POLL_READ else select.POLLOUT)
        seconds = left()
        if not socket.poll(None if seconds == math.inf else max(0, seconds * 1000)):
            raise Silence("timeout expired")


set_wait_callback(wait)
