"""The laptop's own Neon, which the commands of a checkout share: one of them runs it, others join.

The file `here` holds its addresses, and is locked for as long as they are true.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, NamedTuple
from urllib.parse import urlsplit

import psycopg2

from dev import STATE, Trouble
from dev.locks import claim, share, turn

DIRECTORY = STATE / "neon"
WAKE_DELAY, SUSPEND_AFTER = 0.3, 300.0
"""Seconds: what Neon itself takes and waits."""


class Here(NamedTuple):
    """How to reach it, passwords included."""

    pooled: str
    direct: str
    api_url: str
    api_key: str
    project_id: str


@contextmanager
def run(wake_delay: float, suspend_after: float | None) -> Iterator[Here]:
    """Run it in this process, for others to join; raises Trouble where another process does."""
    with _sign() as sign:
        if not claim(sign):
            raise Trouble("Another thaw command runs the local Neon: try again when it has ended.")
        with _served(sign, wake_delay, suspend_after) as here:
            yield here


@contextmanager
def join() -> Iterator[Here]:
    """The one that runs; else one of our own, for as long as we and whoever joins us need it."""
    with _sign() as sign, share(DIRECTORY / "guests") as guest:
        while not claim(sign):
            if here := _read(sign):
                yield here
                return
            time.sleep(0.05)  # it is just starting, or stopping
        guest.close()
        with _served(sign, WAKE_DELAY, SUSPEND_AFTER) as here:
            try:
                yield here
            finally:
                sign.truncate(0)  # from here on nobody joins; those who have may finish
                with turn(DIRECTORY / "guests"):
                    pass


def found() -> Here:
    """The one that runs; raises Trouble where none does."""
    with _sign() as sign:
        here = None if claim(sign) else _read(sign)
    if here is None:
        raise Trouble("No Neon runs here: `thaw up` starts one.")
    return here


def unencrypted(direct: str) -> str:
    """The same database at Postgres' own port, for who reads the wire; wakes it.

    True until it falls asleep.
    """
    with closing(psycopg2.connect(direct)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT inet_server_addr(), inet_server_port()")
        (host, port) = cursor.fetchone() or ("", 0)
    url = urlsplit(direct)
    return f"postgresql://{url.username}:{url.password}@{host}:{port}{url.path}"


def _sign() -> IO[str]:
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    path = DIRECTORY / "here"
    path.touch(mode=0o600)
    return path.open("a+")


def _read(sign: IO[str]) -> Here | None:
    sign.seek(0)
    said = sign.read()
    return Here(**json.loads(said)) if said else None


@contextmanager
def _served(sign: IO[str], wake_delay: float, suspend_after: float | None) -> Iterator[Here]:
    from dev.neon.cloud import Cloud  # noqa: PLC0415  a second that guests need not spend

    sign.truncate(0)
    cloud = Cloud(DIRECTORY, wake_delay=wake_delay, suspend_after=suspend_after, durable=True)
    with cloud:
        here = Here(
            pooled=cloud.url(pooled=True),
            direct=cloud.url(pooled=False),
            api_url=cloud.api_url,
            api_key=cloud.api_key,
            project_id=cloud.project_id,
        )
        sign.write(json.dumps(here._asdict()))
        sign.flush()
        try:
            yield here
        finally:
            sign.truncate(0)  # from here on nobody joins
