"""HTTP only: the caller's own profile, and all that is theirs: to take along, or to delete."""

from typing import Annotated

from fastapi import Query, Request, Response

from app.access import Caller
from app.auth import Me
from app.db import Database
from app.errors import EmailTaken
from app.idempotency import Once
from app.openapi import documented
from app.pages import link
from app.routers import below_user
from app.tables import User
from app.users import export, exported, queries, writes
from app.users.exported import Export, ExportQuery
from app.users.rules import fitting
from app.users.schemas import Profile, ProfileChange

router = below_user("", "users")


@router.get("", response_model=Profile)
def get_profile(db: Database, me: Me) -> User | Caller:
    """Who you are: as the account says, or the token while there is no account yet."""
    return queries.get_user(db, me) or me


@router.patch("", response_model=Profile, responses=documented(400, 404, 409))
def change_profile(db: Database, me: Me, once: Once, change: ProfileChange) -> User:
    """Change your name or image by a merge patch: what is absent stays as it is."""
    values = change.model_dump(exclude_unset=True)
    user = writes.change_user(db, me, once, values) or writes.add_user(db, me, once, values)
    user = user or writes.change_user(db, me, once, values)  # a twin made the row meanwhile
    if user is None:
        raise EmailTaken
    return user


@router.delete("", status_code=204, response_class=Response, responses=documented(409))
def delete_everything(db: Database, me: Me, once: Once) -> None:
    """All that is yours in tasks, documents, conversations and teams goes, for good."""
    writes.delete_everything(db, me, once)


@router.get("/export", response_model=Export, responses=documented(400))
def export_everything(
    db: Database, me: Me, query: Annotated[ExportQuery, Query()], request: Request
) -> Response:
    """All that is yours, page by page; also what is deleted and not purged yet."""
    found = export.list_everything(db, me, query)
    items = fitting((exported.written(each.kind, each.row) for each in found), query.limit)
    following, headers = None, {}
    if len(items) < len(found):
        following = export.cursor(found[len(items) - 1].place)
        headers["Link"] = link(request, cursor=following)
    answer = exported.page(items, following)
    return Response(answer, headers=headers, media_type="application/json")
