"""Where a database is: a URL as Neon and Vercel hand it out, read by libpq itself."""

import re

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

NAMES = ("DATABASE_URL", "POSTGRES_URL", "NEON_DATABASE_URL")
"""The first of these that is set says where requests go."""

DIRECT_NAMES = ("DATABASE_URL_UNPOOLED", "POSTGRES_URL_NON_POOLING")
"""The same for migrations; without one they take the address of the requests."""

SCHEME = re.compile(r"postgres(ql)?(\+\w+)?://")
UNKNOWN = re.compile(r'invalid URI query parameter: "(\w+)"')
ENDPOINT = re.compile(r"(endpoint=[\w-]+)?")
"""The one option that a pooled URL may hold: Neon's proxy takes it out, for clients without SNI."""

NO_URL = "is not a URL like postgresql://user:password@host/database"
ENCRYPTED = {"require", "verify-ca", "verify-full"}
DEFAULTS = {
    "application_name": "thaw",
    "gssencmode": "disable",
    "keepalives_idle": "30",
    # What nobody confirms for so long was sent into a dead network: time is left for another try.
    "tcp_user_timeout": "5000",
}


def read(url: str) -> dict[str, str]:
    """The URL as libpq's parameters.

    Raises ValueError, without echoing the URL, when it cannot be one.
    """
    if not SCHEME.match(url):
        raise ValueError("must begin with postgresql://" if "://" in url else NO_URL)
    try:
        found: dict[str, str] = parse_dsn(SCHEME.sub("postgresql://", url, count=1))
    except ProgrammingError as error:
        unknown = UNKNOWN.search(str(error))
        known = f"holds a parameter that libpq lacks: {unknown[1]}" if unknown else NO_URL
        raise ValueError(known) from None
    if not found.get("port", "0").replace(",", "").isdecimal():
        raise ValueError(NO_URL)
    if not ("host" in found and "dbname" in found):
        raise ValueError("must name a host and a database")
    if "-pooler." in found["host"] and not ENDPOINT.fullmatch(found.get("options", "")):
        raise ValueError("names a pooler, which refuses `options`: remove them")
    return found


def pooled(url: str) -> dict[str, str]:
    """How requests connect: the URL and what libpq should know; what the URL says itself wins."""
    found = {**DEFAULTS, **read(url)}
    if found["host"].endswith(".neon.tech") and found.get("sslmode") in ENCRYPTED:
        found.setdefault("sslnegotiation", "direct")  # TLS at once: a round trip less to connect
    return found


def direct(url: str) -> dict[str, str]:
    """How migrations connect: past Neon's pooler, which would lose their locks.

    Raises ValueError for what can only be another pooler.
    """
    found = read(url)
    host = found["host"].replace("-pooler.", ".", 1)
    if "pooler" in host or "pgbouncer" in host:
        raise ValueError("leads to a pooler: migrations need the database's direct address")
    return {**DEFAULTS, **found, "host": host}
