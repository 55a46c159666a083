"""Problems in the OpenAPI document: every answer that an endpoint may give is told."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from app.errors import family

PROBLEM_JSON = "application/problem+json"


class Mistake(BaseModel):
    pointer: str = Field(description="JSON Pointer into the body; /query/… for a parameter")
    detail: str
    code: str


class ProblemOut(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["/problems/not_found"])
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[Mistake] | None = None


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers, as an endpoint's `responses` for OpenAPI."""
    titles = {
        status: [kind.title for kind in family() if kind.status == status] for status in statuses
    }
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": " / ".join(titles[status]), "content": content}
        if titles[status]
        else {"description": HTTPStatus(status).phrase}
        for status in statuses
    }


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the one schema that all problems share."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas |= {**problem.pop("$defs"), "Problem": problem}
    return app.openapi_schema or {}
