"""A client of the deployed function: its requests arrive as events, whichever runtime runs it."""

from collections.abc import Callable
from typing import Any

import httpx2

from dev.events import DOORS, Request
from dev.lambda_function import response


class Door(httpx2.BaseTransport):
    """Carries requests through a door of AWS to `invoke`, and keeps its last result as it came."""

    def __init__(self, invoke: Callable[[Any], Any], door: str = "v2") -> None:
        self._invoke, self._event = invoke, DOORS[door]
        self.result: dict[str, Any] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        target = request.url.raw_path.decode()
        headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
        sent = Request(request.method, target, headers, request.read())
        self.result = self._invoke(self._event(sent))
        status, given, body = response(self.result)
        # Through an HTTP API there is always one, even where there is nothing that it is about.
        kept = [pair for pair in given if body or pair[0].lower() != "content-type"]
        return httpx2.Response(status, headers=kept, content=body)
