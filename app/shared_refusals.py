"""Why one row that may be shared was not written: a refusal asks once more, to say it."""

from collections.abc import Collection
from typing import Any, NoReturn
from uuid import UUID

from app.access import Caller
from app.db import OneTrip
from app.etags import Tag
from app.shared_reads import get_row, get_row_to_delete


def refuse_change(
    db: OneTrip, me: Caller, tag: Tag, table: Any, id: UUID, change: Collection[str]
) -> NoReturn:
    """Whoever sees a row may change it; only its owner moves it between teams."""
    tag.refuse(me, get_row(db, me, table, id), allowed="team_id" not in change)


def refuse_deletion(
    db: OneTrip, me: Caller, tag: Tag, table: Any, id: UUID, *, permanent: bool
) -> NoReturn:
    row, allowed = get_row_to_delete(db, me, table, id, deleted=permanent)
    tag.refuse(me, row, allowed=allowed)


def refuse_restore(db: OneTrip, me: Caller, tag: Tag, table: Any, id: UUID) -> NoReturn:
    row, allowed = get_row_to_delete(db, me, table, id, deleted=True)
    tag.refuse_restore(me, row, allowed=allowed)
