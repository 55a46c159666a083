"""What a job says when it fails: what went wrong, where it happened, and what is left."""

from sqlalchemy.exc import DBAPIError

from app.causes import cause, sqlstate

LOCKED = "55P03"
HOLDER = "somebody holds a table for longer than a revision may wait: see pg_stat_activity"
ROLLED_BACK = "its transaction was rolled back"
"""Truer than that nothing is left: what ran in an autocommit block is."""

ADDRESS = "Nobody answers at {host}: is the address right, and does the server run?"


class MigrationFailed(Exception):  # noqa: N818  it says what happened
    """The text is for people and logs: the database's own words, without values of rows."""


def failure(
    error: DBAPIError, host: str, revision: str | None = None, *, lost: bool = False
) -> MigrationFailed:
    """Of a revision, or of whatever comes before the first; `lost` where its end is unknown."""
    if revision is None:
        words = f"nothing was done: {summary(error)}"
    else:
        words = f"revision {revision} failed, and {left(error, lost=lost)}: {summary(error)}"
    if sqlstate(error) == LOCKED:
        return MigrationFailed(f"{words}. {HOLDER}")
    if nobody_answers(error):
        return MigrationFailed(f"{words}. {ADDRESS.format(host=host)}")
    return MigrationFailed(words)


def left(error: DBAPIError, *, lost: bool) -> str:
    if lost:
        return "its end was not heard of, so that the next job has to look"
    if "concurrently" in (error.statement or "").lower():
        return "it may have left an index that is INVALID"
    return ROLLED_BACK


def nobody_answers(error: DBAPIError) -> bool:
    why = cause(error)
    return why is not None and why.absent


def summary(error: DBAPIError) -> str:
    """One line. DETAIL is left out: it may quote a row."""
    said = getattr(error.orig, "diag", None)
    primary = said and said.message_primary
    hint = said and said.message_hint
    words = primary or str(error.orig).strip().split("\n", 1)[0]
    state = sqlstate(error)
    return words + (f" ({state})" if state else "") + (f". {hint}" if hint else "")
