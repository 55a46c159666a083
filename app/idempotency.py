"""Idempotency keys: which request this is, from outside, so that it happens once.

The key is the caller's Idempotency-Key, or one of our own; attempts.py does the rest.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from app.attempts import Attempt
from app.auth import Me
from app.locks import digest
from app.tables import new_id

KEY = r"^[\x21-\x7e]{1,255}$"
ABOUT = "A name of your own for this write: repeated under it, the write still happens once"


async def attempt(
    me: Me,
    request: Request,
    response: Response,
    idempotency_key: Annotated[str | None, Header(pattern=KEY, description=ABOUT)] = None,
) -> Attempt:
    """Name this request's write. A key of our own holds a space, which no caller's can."""
    path = request.scope["path"].removeprefix(f"/api/{request.path_params['user_id']}")
    parts = request.method, path, request.url.query
    return Attempt(
        me=me,
        key=idempotency_key or f"request {new_id()}",
        repeatable=idempotency_key is not None,
        fingerprint=digest(*map(str.encode, parts), await request.body()).hex(),
        replayed=lambda: response.headers.update({"Idempotent-Replayed": "true"}),
    )


Once = Annotated[Attempt, Depends(attempt)]
