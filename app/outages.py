"""What keeps us from answering, and what the database means by a refusal."""

from typing import Any, ClassVar

from sqlalchemy.exc import DBAPIError

from app.errors import Conflict, Invalid, NotFound, Problem, family
from app.tables import REFUSALS


class Unavailable(Problem):
    """The database cannot be reached just now, and nothing was changed. Repeat the request."""

    status, code, title = 503, "database_unavailable", "The database cannot be reached just now"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class Overloaded(Unavailable):
    """All connections were busy for as long as the request could wait, and nothing was changed.

    Repeat the request a little later.
    """

    code, title = "overloaded", "Too many requests at once"


class TimedOut(Unavailable):
    """The database was not done in time. The statement was stopped, and nothing was changed."""

    code, title = "timed_out", "The database was not done in time"


class NotReady(Unavailable):
    """The database's schema is older than this release needs: its migration has not run yet."""

    code, title = "not_ready", "The database is behind the code"


class KeysUnavailable(Unavailable):
    """The keys that tokens are checked with cannot be fetched just now. Repeat the request."""

    code, title = "keys_unavailable", "Tokens cannot be checked just now"


class OutcomeUnknown(Unavailable):
    """The connection was lost before the database confirmed the write: it may have happened.

    Repeat it with the same Idempotency-Key, and it happens once. Without a key, read first.
    """

    code, title = "outcome_unknown", "The write may or may not have happened"


BY_SQLSTATE: dict[str, type[Problem]] = {
    "22": Invalid,
    "23503": NotFound,
    "23505": Conflict,
    "23": Invalid,
    "40": Unavailable,
    "55P03": Unavailable,
    "53": Unavailable,
    "25006": Unavailable,
    "57014": TimedOut,
    "57": Unavailable,
    "42P01": NotReady,
    "42703": NotReady,
}
"""SQLSTATE or its class -> problem; what is not here is a 500."""


def refusal(error: DBAPIError) -> Problem:
    """Say what the database's error means to the caller: by the constraint's name, else SQLSTATE.

    An error without SQLSTATE is a connection that could not be made or was lost.
    """
    constraint = broken_constraint(error)
    if constraint in REFUSALS:
        code, detail = REFUSALS[constraint]
        return next(kind for kind in family() if kind.code == code)(detail)
    state = sqlstate(error)
    if state is None:
        return Unavailable() if error.connection_invalidated or not error.statement else Problem()
    return BY_SQLSTATE.get(state, BY_SQLSTATE.get(state[:2], Problem))()


def sqlstate(error: DBAPIError) -> str | None:
    code: str | None = getattr(error.orig, "pgcode", None)
    return code


def broken_constraint(error: DBAPIError) -> str:
    diagnosis: Any = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
