"""What a job says when it fails: what the database said, where it happened, and what is left."""

from sqlalchemy.exc import DBAPIError

from app.causes import sqlstate
from migrations.plan import Step

LOCKED = "55P03"
HOLDER = "somebody holds a table for longer than a revision may wait: see pg_stat_activity"


class MigrationFailed(Exception):  # noqa: N818  it says what happened
    """The text is for people and logs: the database's own words, without values of rows."""


def failure(error: DBAPIError, doing: Step | None = None, *, lost: bool = False) -> MigrationFailed:
    """Of a step, or of whatever comes before the first; `lost` where its end was not heard of."""
    if doing is None:
        return MigrationFailed(f"nothing was done: {summary(error)}")
    words = f"revision {doing.revision} failed, and {left(error, lost=lost)}: {summary(error)}"
    return MigrationFailed(f"{words}. {HOLDER}" if sqlstate(error) == LOCKED else words)


def left(error: DBAPIError, *, lost: bool) -> str:
    if lost:
        return "its end was not heard of, so that the next job has to look"
    if "concurrently" in (error.statement or "").lower():
        return "it may have left an index that is INVALID"
    return "nothing of it is left"


def heard(error: DBAPIError) -> bool:
    """Whether the database itself said that it has not done it, rather than that it goes away."""
    return not (sqlstate(error) or "08").startswith(("08", "57P"))


def summary(error: DBAPIError) -> str:
    """One line. DETAIL is left out: it may quote a row."""
    said = getattr(error.orig, "diag", None)
    primary = said and said.message_primary
    hint = said and said.message_hint
    words = primary or str(error.orig).strip().split("\n", 1)[0]
    state = sqlstate(error)
    return words + (f" ({state})" if state else "") + (f". {hint}" if hint else "")
