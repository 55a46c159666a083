"""The routers of the domains: what all their endpoints have in common.

Each says the whole of its address: `include_router` would make every route once more.
"""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.endpoints import Endpoint
from app.openapi import documented


def below_user(path: str, tag: str) -> APIRouter:
    """A router for what is a user's: at `/api/me`, and at `/api` and their own id."""
    return public(f"/api/{{user_id}}{path}", tag, 401, 403, 413, 415, 422, 500, 503)


def public(path: str, tag: str, *statuses: int) -> APIRouter:
    """A router for what anybody may ask; all its endpoints may answer with these statuses."""
    return APIRouter(
        prefix=path,
        tags=[tag],
        responses=documented(*statuses),
        route_class=Endpoint,
        generate_unique_id_function=operation_id,
    )


def operation_id(route: APIRoute) -> str:
    """`list_tasks`, not `list_tasks_api__user_id__tasks_get`: generated clients read like ours."""
    return route.name
