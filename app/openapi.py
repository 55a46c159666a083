"""Which answers an endpoint may give, and the OpenAPI document that tells of them."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from app.lazy_routes import MAKING


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers, as an endpoint's `responses`; what they are made of is told on demand."""
    return {status: {"description": HTTPStatus(status).phrase} for status in statuses}


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made when it is first asked for, and shown to nobody before."""
    with MAKING:
        if app.openapi_schema is None:
            from app.document import complete  # noqa: PLC0415  a start has no use for it

            complete(FastAPI.openapi(app))
        return app.openapi_schema or {}
