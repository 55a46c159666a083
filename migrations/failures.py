"""What a job says when it fails: what the database said, where it happened, and what is left."""

from sqlalchemy.exc import DBAPIError

from app.causes import cause, sqlstate
from migrations.plan import Step


class MigrationFailed(Exception):  # noqa: N818  it says what happened
    """The text is for people and logs: the database's own words, without values of rows."""


def failure(error: DBAPIError, doing: Step | None) -> MigrationFailed:
    """Of a step, or of whatever comes before the first."""
    if doing is None:
        return MigrationFailed(f"the database is out of reach: {summary(error)}")
    left = "its end was not heard of" if lost(error) else "nothing of it is left"
    return MigrationFailed(f"revision {doing.revision} failed, and {left}: {summary(error)}")


def lost(error: DBAPIError) -> bool:
    return bool((known := cause(error)) and known.lost)


def summary(error: DBAPIError) -> str:
    """One line. DETAIL is left out: it may quote a row."""
    said = getattr(error.orig, "diag", None)
    primary = said and said.message_primary
    hint = said and said.message_hint
    words = primary or str(error.orig).strip().split("\n", 1)[0]
    state = sqlstate(error)
    return words + (f" ({state})" if state else "") + (f". {hint}" if hint else "")
