"""A client of Neon's API: for the local one, and for the real one at another address."""

import time
from typing import Any, NamedTuple

import httpx2

from dev import Trouble

Answer = dict[str, Any]

PATIENCE = 120.0
"""Seconds for an operation; locally they take one or two."""

BUSY = {423, 429, 503}
"""Not now, but soon: Neon says that these are always safe to repeat."""


class Service(NamedTuple):
    """Where a project's API is, and what libpq must know to reach and trust its databases."""

    api_url: str
    api_key: str
    project_id: str
    libpq: dict[str, str]

    def call(self, method: str, path: str, **more: Any) -> Answer:
        """Ask about the project; waits out what is busy, raises Trouble with any other refusal."""
        return self.ask(method, f"{self.api_url}/projects/{self.project_id}{path}", **more)

    def ask(self, method: str, url: str, **more: Any) -> Answer:
        headers, end = {"Authorization": f"Bearer {self.api_key}"}, time.monotonic() + PATIENCE
        while True:
            try:
                got = httpx2.request(method, url, headers=headers, timeout=30, **more)
            except httpx2.HTTPError as error:
                raise Trouble(f"Neon's API at {self.api_url} does not answer: {error}") from None
            if got.status_code not in BUSY or time.monotonic() > end:
                break
            time.sleep(0.1)
        if got.is_error:
            raise Trouble(f"Neon's API: {words(got)}")
        return dict(got.json()) if got.content else {}

    def change(self, method: str, path: str, **more: Any) -> Answer:
        """The same, returning when the operations that it has set off are over."""
        answer = self.call(method, path, **more)
        for operation in answer.get("operations", []):
            self._await(operation["id"])
        return answer

    def _await(self, id: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            operation = self.call("GET", f"/operations/{id}")["operation"]
            if operation["status"] in {"finished", "skipped"}:
                return
            if operation["status"] in {"failed", "error", "cancelled"}:
                said = operation.get("error", "no word why")
                raise Trouble(f"Neon's {operation['action']} has failed: {said}")
            time.sleep(0.05)
        raise Trouble(f"An operation of Neon's is not over after {PATIENCE:.0f} s.")


def words(refused: httpx2.Response) -> str:
    try:
        return str(refused.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {refused.status_code}"
