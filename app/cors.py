"""What web pages of other origins may ask from a browser (the Fetch standard's CORS protocol)."""

from http import HTTPStatus
from typing import Any

from fastapi import Response
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from app.errors import Forbidden
from app.problems import reply

SENT = "Authorization Content-Type Idempotency-Key If-Match If-None-Match X-Request-Id"
SEEN = (
    "ETag Link Location Retry-After WWW-Authenticate X-Request-Id X-Should-Retry"
    " Idempotent-Replayed Server-Timing"
)
ALLOWED: dict[str, Any] = {
    "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": SENT.split(),
    "expose_headers": SEEN.split(),
}


class Cors(CORSMiddleware):
    """Starlette's CORS, with its refusals in our words."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        return reply(Forbidden("this origin may not ask so from a browser: see CORS_ORIGINS"))
