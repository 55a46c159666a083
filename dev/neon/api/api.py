"""The part of Neon's API v2 that branches need, over plain HTTP on the laptop."""

import secrets
from collections.abc import Callable
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dev import Trouble
from dev.neon.api import branch_routes, endpoint_routes, laptop_routes, project_routes
from dev.neon.project.project import Project
from dev.neon.project.refusals import Refusal, not_found
from dev.neon.proxy.faults import Faults


def create_api(project: Project, key: str, faults: Faults) -> FastAPI:
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    api.state.project, api.state.faults = project, faults
    known, admitted = Depends(bearer(key)), Depends(admission(project))
    api.include_router(laptop_routes.router, dependencies=[known])
    routes = APIRouter(prefix="/api/v2", dependencies=[known, admitted])
    routes.include_router(project_routes.projects)
    for module in (project_routes, branch_routes, endpoint_routes):
        routes.include_router(module.router)
    api.include_router(routes)
    api.add_exception_handler(Refusal, refused)
    api.add_exception_handler(RequestValidationError, malformed)
    api.add_exception_handler(HTTPException, not_served)
    for fault in (Trouble, Exception):
        api.add_exception_handler(fault, failed)
    return api


def bearer(key: str) -> Callable[..., None]:
    def check(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
            raise Refusal(401, "supplied credentials do not pass authentication")

    return check


def admission(project: Project) -> Callable[..., None]:
    def admit(request: Request) -> None:
        project.faults.admit()
        own = project.state.project.id
        if request.path_params.get("project_id", own) != own:
            raise not_found("project")

    return admit


def refused(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)  # noqa: S101  Starlette's types know only Exception
    return problem(refusal)


def malformed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  the same
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem(Refusal(400, f"{place}: {first['msg']}"))


def not_served(_request: Request, error: Exception) -> JSONResponse:
    """An address or a method that is not in this part of the API."""
    assert isinstance(error, HTTPException)  # noqa: S101  the same
    return problem(Refusal(error.status_code, "this path is not served by the local Neon"))


def failed(_request: Request, error: Exception) -> JSONResponse:
    return problem(Refusal(500, str(error)))


def problem(refusal: Refusal) -> JSONResponse:
    content = {"request_id": str(uuid4()), "code": refusal.code, "message": refusal.message}
    return JSONResponse(content, refusal.status, refusal.headers)
