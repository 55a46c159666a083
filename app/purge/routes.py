"""The door for Vercel's cron: a GET with a secret (https://vercel.com/docs/cron-jobs)."""

from hmac import compare_digest
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header

from app.endpoints import Endpoint
from app.errors import NotFound, Unauthorized
from app.purge.purging import purge
from app.settings import get_settings

router = APIRouter(prefix="/internal", route_class=Endpoint, include_in_schema=False)


async def scheduled(authorization: Annotated[str, Header()] = "") -> None:
    """Let nobody in but who knows CRON_SECRET; where none is set, there is no such address."""
    secret = get_settings().cron_secret
    if secret is None:
        raise NotFound
    known = f"Bearer {secret.get_secret_value()}"
    if not compare_digest(authorization.encode(), known.encode()):  # takes as long for any guess
        raise Unauthorized


@router.get("/purge", dependencies=[Depends(scheduled)])
def purge_now() -> dict[str, Any]:
    return purge()
