"""The environment of a laptop: what the developer has configured, and what we lend for the rest."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg2
from dotenv import dotenv_values

from app import address
from dev import ROOT, STATE, Trouble, keys
from dev.neon.computes import pgbouncer
from dev.neon.here import Here, join
from dev.progress import note, step

__all__ = ["ROOT", "STATE", "chosen", "configured", "database", "environment", "host_of", "libpq"]

ORIGIN = "http://localhost:3000"
"""Where a front end with Better Auth runs on a laptop: its tokens' issuer and audience."""

IDENTITY = {"JWKS", "JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE"}


NO_POOLER = (
    "no pgbouncer on PATH: the pooled address leads straight to Postgres, so what breaks in "
    "Neon's pooler will not break here; install it to see"
)


HALF = (
    "DATABASE_URL_UNPOOLED is set, and DATABASE_URL is not: set both for a database of yours, or "
    "neither for the Neon on this machine."
)


class Urls(NamedTuple):
    pooled: str
    direct: str


def environment(database_url: str, direct: str | None = None) -> dict[str, str]:
    """Every variable the app needs, on this checkout's own database and key."""
    return {
        "DATABASE_URL": database_url,
        "DATABASE_URL_UNPOOLED": direct or database_url,
        "JWKS": keys.jwks(),
        "JWT_ISSUER": ORIGIN,
        "JWT_AUDIENCE": ORIGIN,
        "CORS_ORIGINS": ORIGIN,
    }


def configured() -> dict[str, str]:
    """What .env and the environment say, the environment louder, as in app.settings."""
    try:
        both = {**dotenv_values(ROOT / ".env"), **os.environ}
    except UnicodeDecodeError:
        raise Trouble(f"{ROOT / '.env'} is not UTF-8: write it anew, as .env.example is.") from None
    return {name: value for name, value in both.items() if value}


def chosen() -> str | None:
    """The URL of a database that the developer has chosen, under any name that the app knows."""
    own = configured()
    return next((own[name] for name in address.NAMES if name in own), None)


def named() -> bool:
    """Whether any database is chosen: migrations need no more than its direct address."""
    return bool(configured().keys() & {*address.DIRECT_NAMES, *address.NAMES})


@contextmanager
def database(neon: Callable[[], AbstractContextManager[Here]] = join) -> Iterator[Urls]:
    """The database chosen, else that of the local Neon, which is started unless it runs.

    The environment of this process and its children is complete from then on.
    """
    with ExitStack() as stack:
        url = chosen()
        if url:
            reach(url)
            urls = Urls(url, url)
        elif named():
            raise Trouble(HALF)
        else:
            with step("reaching the local Neon"):
                here = stack.enter_context(neon())
            urls = Urls(here.pooled, here.direct)
            if pgbouncer.program() is None:
                note(NO_POOLER)
        lend(urls)
        yield urls


def reach(url: str) -> None:
    """Raise Trouble unless a database answers; its words are passed on without credentials."""
    try:
        psycopg2.connect(libpq(url), connect_timeout=15).close()
    except psycopg2.OperationalError as error:
        why = re.sub(r"[^\s\"]*@", "…@", str(error).strip().splitlines()[0])
        raise Trouble(f"The database of DATABASE_URL does not answer: {why}") from None
    except psycopg2.ProgrammingError:
        raise Trouble(
            "DATABASE_URL is not a URL like postgresql://user:password@host/database."
        ) from None


def libpq(url: str) -> str:
    """The URL without the driver that SQLAlchemy lets it name."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)


def host_of(url: str) -> str:
    return urlsplit(url).hostname or "its default host"


def lend(urls: Urls) -> None:
    """Set what is not configured; keys and issuer belong together and are lent together."""
    own = configured()
    lent = environment(*urls)
    if chosen():
        lent.pop("DATABASE_URL_UNPOOLED")  # theirs may be pooled: the app decides
    if own.keys() & {"JWKS", "JWKS_URL"}:
        lent = {name: value for name, value in lent.items() if name not in IDENTITY}
    os.environ.update({name: value for name, value in lent.items() if name not in own})
