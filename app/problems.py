"""Errors as answers: problem+json (RFC 9457) for all of them, and a page for each code."""

import html
import inspect
import logging
import traceback
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.context import facts
from app.errors import (
    PROBLEM_JSON,
    Invalid,
    MethodNotAllowed,
    NotFound,
    NotModified,
    Problem,
    family,
)
from app.lazy_routes import LazyRoute
from app.openapi import described
from app.outages import Overloaded
from app.pool import Crowded, figures
from app.refusals import refusal
from app.strict_json import escaped

log = logging.getLogger(__name__)
router = APIRouter(route_class=LazyRoute)

WANTED = {
    **dict.fromkeys(("model", "dict"), "Should be a JSON object"),
    **dict.fromkeys(("datetime", "timezone"), "Should be an RFC 3339 time with a zone"),
    "list": "Should be a JSON array",
    "uuid": "Should be a UUID",
}


def reply(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    body = {
        "type": f"/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": facts.get().request_id,
        **({"errors": problem.errors} if problem.errors else {}),
    }
    return JSONResponse(body, problem.status, {**problem.headers, **(headers or {})}, PROBLEM_JSON)


async def ours(_request: Request, problem: Any) -> Response:
    if problem.status >= 500:  # noqa: PLR2004  not the caller's
        log.error(problem.code)
    return reply(problem)


async def unchanged(_request: Request, answer: Any) -> Response:
    return Response(status_code=304, headers={"ETag": answer.etag})


async def routed(request: Request, error: Any) -> Response:
    """What Starlette says of routes and bodies, in our words."""
    kind = next((each for each in family() if each.status == error.status_code), Problem)
    return reply(kind(), allowed(request) if kind is MethodNotAllowed else error.headers)


def allowed(request: Request) -> dict[str, str]:
    """Every method of the address; Starlette lists those of the first route that fits it."""
    routes = iter_route_contexts(request.app.routes)
    here = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    methods = {method for each in here for method in each.methods or ()}
    return {"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))}


async def invalid(_request: Request, error: Any) -> Response:
    """Say where each mistake is and what is wanted there, without echoing what was sent."""
    mistakes = [
        {"pointer": pointer(each["loc"]), "detail": wanted(each), "code": each["type"]}
        for each in error.errors()
    ]
    return reply(Invalid(errors=mistakes[:100]))


def pointer(place: tuple[Any, ...]) -> str:
    steps = place[1:] if place[0] == "body" else place
    return "".join(f"/{escaped(step)}" for step in steps)


def wanted(mistake: dict[str, Any]) -> str:
    """Pydantic's sentence, but for the kinds that quote the input, or speak of Python's types."""
    kind = mistake["type"].partition("_")[0]
    return WANTED.get(kind) or str(mistake["msg"]).removeprefix("Value error, ")


async def refused(_request: Request, error: Any) -> Response:
    return reply(refusal(error))


async def crowded(_request: Request, _error: Any) -> Response:
    log.critical(Overloaded.code, extra=figures())
    return reply(Overloaded())


class Unexpected:
    """The last resort: an error that nobody foresaw is a problem too, and is logged without values.

    Where it happened is enough: an exception's text may quote a row.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets an answer
            where = "".join(traceback.format_tb(error.__traceback__, -4))
            log.error("unexpected", extra={"error": type(error).__name__, "where": where})  # noqa: TRY400
            await reply(Problem())(scope, receive, send)


@router.get("/problems/{code}", response_class=HTMLResponse, include_in_schema=False)
async def explain(code: str) -> str:
    """The page that a problem's `type` points at."""
    kind = next((each for each in family() if each.code == code), None)
    if kind is None:
        raise NotFound
    meaning = html.escape(inspect.getdoc(kind) or "")
    head = f"<!doctype html><title>{code}</title><h1>{kind.title}</h1>"
    return f"{head}<p>{kind.status} {code}<p>{meaning}"


def install(app: FastAPI) -> None:
    app.openapi = partial(described, app)  # type: ignore[method-assign]  # FastAPI's own way
    app.add_middleware(Unexpected)
    app.add_exception_handler(Problem, ours)
    app.add_exception_handler(NotModified, unchanged)
    app.add_exception_handler(HTTPException, routed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(DBAPIError, refused)
    app.add_exception_handler(Crowded, crowded)
