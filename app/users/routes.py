"""HTTP only: the caller's own profile; the row, or the token's claims where there is none yet."""

from fastapi import APIRouter

from app.access import Caller
from app.auth import Me
from app.db import Database
from app.endpoints import Endpoint
from app.errors import EmailTaken
from app.idempotency import Once
from app.openapi import documented
from app.tables import User
from app.users import queries
from app.users.schemas import Profile, ProfileChange

router = APIRouter(tags=["users"], route_class=Endpoint)


@router.get("", response_model=Profile)
def get_profile(db: Database, me: Me) -> User | Caller:
    return queries.get_user(db, me) or me


@router.patch("", response_model=Profile, responses=documented(400, 404, 409))
def change_profile(db: Database, me: Me, once: Once, change: ProfileChange) -> User:
    values = change.model_dump(exclude_unset=True)
    user = queries.change_user(db, me, once, values) or queries.add_user(db, me, once, values)
    user = user or queries.change_user(db, me, once, values)  # a twin made the row meanwhile
    if user is None:
        raise EmailTaken
    return user
