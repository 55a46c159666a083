"""What every endpoint asks of a request before it is understood: bounded, storable, strict JSON."""

import re
from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import iscoroutinefunction
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.auth import authenticate
from app.context import facts
from app.errors import AnswerTooLarge, Invalid, Malformed, TooLarge, UnsupportedMediaType
from app.lazy_routes import LazyRoute
from app.sizes import fits
from app.strict_json import escaped, parse, storable, unstorable

LARGEST = 1024 * 1024
Permanent = Annotated[bool, Query(description="Delete it for good")]


class StrictRequest(Request):
    async def body(self) -> bytes:
        """Read 1 MiB at most, whatever Content-Length says."""
        if not hasattr(self, "_body"):
            self._body = await self.read()
        return self._body

    async def read(self) -> bytes:
        body = bytearray()
        try:
            async for chunk in self.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise TooLarge
        except ClientDisconnect:
            raise Malformed from None  # nobody hears it, and nothing of ours went wrong
        return bytes(body)

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


class Endpoint(LazyRoute):
    """A route that refuses what JSON parsers let through and Postgres cannot hold."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, in_place(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body, known = self.body_field is not None, query_names(self.dependant)

        async def strict(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if "user_id" in request.path_params:
                await authenticate(request)
            refuse_parameters(request, known)
            if claimed(request) > LARGEST:
                raise TooLarge
            if takes_body:
                await understand(request)
            answer = await handle(request)
            if not fits(bytes(answer.body)):  # of a read: writes refuse before they are done
                raise AnswerTooLarge("ask for fewer items at once")
            return answer

        return strict


async def understand(request: StrictRequest) -> None:
    """Parse the body before FastAPI does, which turns any error of it into a bare 400."""
    if not is_json(request.headers.get("content-type", "")):
        raise UnsupportedMediaType
    await request.json()


def query_names(dependant: Dependant) -> set[str] | None:
    """The query parameters that an endpoint knows; None where a model of them is strict itself."""
    kinds = [field.field_info.annotation for field in dependant.query_params]
    if any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds):
        return None
    return {field.alias for field in dependant.query_params}


def refuse_parameters(request: Request, known: set[str] | None) -> None:
    """A misspelt parameter is refused, like a misspelt field: it would silently do nothing."""
    for name, value in request.query_params.multi_items():
        pointer = f"/query/{escaped(name)}"
        if not storable(name + value):
            raise unstorable(pointer)
        if known is not None and name not in known:
            mistake = {"detail": "there is no such parameter", "code": "extra_forbidden"}
            raise Invalid(errors=[{"pointer": pointer, **mistake}])


def in_place(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """A plain `def` endpoint, run without a thread where nobody else waits for the event loop.

    Mangum would start a new thread for each request, and Lambda bills for that.
    """
    if iscoroutinefunction(endpoint):
        return endpoint

    @wraps(endpoint)
    async def run(**values: Any) -> Any:
        if facts.get().alone:
            return endpoint(**values)
        return await run_in_threadpool(endpoint, **values)

    return run


def claimed(request: Request) -> int:
    """The size that Content-Length announces; 0 where it is no number: reading will tell."""
    length = request.headers.get("content-length", "")
    return int(length) if re.fullmatch("[0-9]{1,19}", length) else 0


def is_json(content_type: str) -> bool:
    """application/json, or a type built on it such as application/merge-patch+json."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
