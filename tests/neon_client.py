"""A client of the local Neon's API that looks at every answer's shape."""

import time
from dataclasses import dataclass
from typing import Any

import httpx2

from dev.neon.cloud import Cloud
from tests.neon_shapes import check

PATIENCE = 30.0
"""Seconds for operations that take one or two."""


@dataclass
class Answer:
    status: int
    json: Any
    headers: httpx2.Headers


class Api:
    def __init__(self, cloud: Cloud) -> None:
        self.key = cloud.api_key
        self._origin = cloud.api_url
        self._project = f"/projects/{cloud.project_id}"

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", self._project + path, params=query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", self._project + path, json=body)

    def patch(self, path: str, **branch: Any) -> Answer:
        return self.call("PATCH", self._project + path, json={"branch": branch})

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", self._project + path)

    def call(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}"}
        got = httpx2.request(method, self._origin + path, headers=headers, timeout=30, **more)
        answer = Answer(got.status_code, got.json() if got.content else None, got.headers)
        if answer.status != 204:
            check(method, path, answer.status, answer.json)
        return answer

    def branches(self, **query: Any) -> list[Any]:
        return list(self.get("/branches", **query).json["branches"])

    def branch(self, name: str, *, endpoint: bool = False, **values: Any) -> Any:
        """Make a branch and wait until it is ready; returns the whole answer."""
        endpoints = [{"type": "read_write"}] if endpoint else []
        wish = {"branch": {"name": name, **values}, "endpoints": endpoints}
        made = self.post("/branches", wish)
        assert made.status == 201, made.json
        self.settle()
        return made.json

    def settle(self) -> list[str]:
        """Wait until no operation is under way; returns their states, the newest first."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            states = [row["status"] for row in self.get("/operations").json["operations"]]
            if not {"scheduling", "running"} & set(states):
                return states
            time.sleep(0.02)
        raise TimeoutError

    def clear(self) -> None:
        """Delete every branch but the default one, children first."""
        self.settle()
        while others := [row for row in self.branches() if not row["default"]]:
            for row in others:
                self.patch(f"/branches/{row['id']}", protected=False)
                self.delete(f"/branches/{row['id']}")
                self.settle()
