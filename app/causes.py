"""Why the database did not do what it was asked, and whether another try can mend it.

Where nothing was sent yet only words tell, since neither libpq nor Neon's proxy gives a code then.
Once a statement was sent, words are never trusted: a link that was lost is lost, whatever the last
thing heard on it was, and SQLSTATEs tell the rest.
"""

from math import inf
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError


class Cause(NamedTuple):
    code: str
    """The problem's code, if no try succeeds."""
    tries: float = 0
    """How many more tries may mend it; inf: as many as there is time for."""
    pause: float = 0.0
    """Seconds to leave between two tries, at least."""
    lost: bool = False
    """The statement was sent and its fate is unknown."""
    absent: bool = False
    """Nobody answers: a server that restarts, or an address with a mistake in it."""


LINK_LOST = Cause("database_unavailable", inf, lost=True)
WAKING = Cause("database_waking", inf)
ABSENT = WAKING._replace(absent=True)
CROWDED = Cause("database_connections", 1, pause=1.0)
UNKNOWN = Cause("database_refused")

SPEECHLESS: list[tuple[Cause, tuple[str, ...]]] = [
    (Cause("database_password"), (
        "password authentication failed",
        "SASL authentication failed",
        "no password supplied",
        "role you're attempting to use is protected",
    )),
    (Cause("database_settings"), (
        "unsupported startup parameter",
        "connection is insecure",
        "server does not support SSL",
        "channel binding",
        "certificate",
        "authentication method",
        "authentication protocol violation",
        "Inconsistent project name",
        "Project name",
        "is missing in startup packet",
        "is not allowed",
        "blocked network",
        "VPC endpoint",
    )),
    (Cause("database_quota"), (
        "exceeded the compute time",
        "exceeded the active time",
        "exceeded the written data",
        "exceeded the data transfer",
        "exceeded the logical size",
        "limit of concurrently active endpoints",
    )),
    (Cause("database_quota", 1), ("endpoint is temporarily unavailable",)),
    (Cause("database_disabled"), ("endpoint is disabled",)),
    (Cause("database_missing"), (
        "endpoint cannot be found",
        "could not be found, or you don't have access",
        "does not exist",
        "Name or service not known",
        "No address associated",
        "Endpoint ID is not specified",
    )),
    (Cause("database_connections"), ("no more connections allowed",)),
    (Cause("database_connections", 2), (
        "remaining connection slots are reserved",
        "too many clients already",
        "too many connections for",
    )),
    (CROWDED, ("Too many connections attempts", "exceeded the rate limit")),
    (CROWDED._replace(tries=2), ("Too many connections to this endpoint",)),
    (WAKING._replace(tries=1), ("Authentication timed out", "Internal error")),
    (WAKING._replace(tries=3), ("Control plane request failed",)),
    (WAKING, (
        "Couldn't connect to compute node",
        "already has running operations",
        "Failed to acquire permit",
        "timeout expired",
        "Connection reset",
        "Connection timed out",
        "server closed the connection unexpectedly",
        "connection already closed",
        "SSL connection has been closed unexpectedly",
        "SSL SYSCALL error",
        "SSL error: unexpected eof",
        "the database system is",
        "terminating connection due to administrator command",
        "server_login_retry",
        "server conn crashed",
        "server shutting down",
        "pgbouncer cannot connect to server",
        "client_login_timeout",
    )),
    (ABSENT, (
        "Connection refused",
        "Network is unreachable",
        "No route to host",
        "Temporary failure in name resolution",
    )),
]  # fmt: skip
"""What is said when a connection cannot be made, the particular before the general.

The words are those of libpq, Postgres, PgBouncer and Neon's proxy.
"""

BY_SQLSTATE = {
    "40": Cause("timed_out", inf),  # rolled back, as a deadlock's victim or for its isolation
    "55P03": Cause("timed_out", inf),  # a lock was not to be had in time
    "57014": Cause("timed_out"),
    "53100": Cause("database_full"),
    "25006": Cause("database_read_only"),
    "53": Cause("database_unavailable"),
    "57": Cause("database_unavailable"),
}
"""What the database says of a statement that it has not done: SQLSTATE or its class."""


def cause(error: DBAPIError) -> Cause | None:
    """None where the statement itself was wrong, which no other try can mend."""
    if error.statement is None:
        return speechless(str(error.orig))
    if error.connection_invalidated:
        return LINK_LOST
    state = sqlstate(error) or ""
    return BY_SQLSTATE.get(state, BY_SQLSTATE.get(state[:2]))


def speechless(words: str) -> Cause:
    return next((cause for cause, known in SPEECHLESS if any(w in words for w in known)), UNKNOWN)


def sqlstate(error: DBAPIError) -> str | None:
    code: str | None = getattr(error.orig, "pgcode", None)
    return code
