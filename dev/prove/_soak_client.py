"""A client of a soak: sends requests through Lambda's door, repeats them, and reports each."""

import json
import random
import time
from typing import Any, NamedTuple

from dev.events import Request
from dev.lambda_function import Response, send
from dev.prove._soak_crew import report
from dev.prove._soak_told import Told

TIMEOUT = 10.0
"""Seconds that an invocation may take: the deadline of the goal."""

PATIENCE = 20
"""Requests for one deed, at most."""


class Deed(NamedTuple):
    """Something that a client wants done, in one request or in several."""

    name: str
    kind: str
    method: str
    path: str
    body: object = None
    titles: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    version: int | None = None


class Client:
    def __init__(self, sandbox: int, token: str, pause: float, chance: random.Random) -> None:
        self.sandbox, self.token = sandbox, token
        self.pause, self.chance = pause, chance

    def insist(self, deed: Deed) -> Told:
        """Do it, as clients do: half of them with an Idempotency-Key.

        Whoever has none does not repeat what may have been done. Some who have one lose the
        answer, and ask again; some give up, and then it must be as they were told last.
        """
        key = deed.name if self.chance.random() < 1 / 2 else ""
        told, _ = self.ask(deed, key)
        for _ in range(PATIENCE):
            if told.settled or (told.in_doubt and not key) or self.chance.random() < 1 / 5:
                break
            told, _ = self.ask(deed, key)
        if told.succeeded and key and self.chance.random() < 1 / 10:
            told, _ = self.ask(deed, key)
        return told

    def ask(self, deed: Deed, key: str = "") -> tuple[Told, Any]:
        """Think, send one request and report it; also returns what the answer holds."""
        time.sleep(self.chance.uniform(0, self.pause))
        request = self.request(deed, key)
        began = time.monotonic()
        response = send(request, timeout=TIMEOUT)
        seconds = time.monotonic() - began
        content = json.loads(response.body or b"{}")
        told = self.told(deed, response, content, keyed=bool(key), began=began, seconds=seconds)
        report(told._asdict())
        return told, content

    def request(self, deed: Deed, key: str) -> Request:
        headers = [("Authorization", f"Bearer {self.token}")]
        if key:
            headers.append(("Idempotency-Key", key))
        if deed.version:
            headers.append(("If-Match", f'"{deed.version}"'))
        if deed.body is None:
            return Request(deed.method, deed.path, headers)
        headers.append(("Content-Type", "application/json"))
        return Request(deed.method, deed.path, headers, json.dumps(deed.body).encode())

    def told(self, deed: Deed, response: Response, content: Any, **how: Any) -> Told:
        tasks = content.get("items", [content])
        return Told(
            sandbox=self.sandbox,
            deed=deed.name,
            kind=deed.kind,
            titles=deed.titles,
            ids=deed.ids,
            status=response.status,
            code=content.get("code", ""),
            retry_after=response.header("Retry-After") is not None,
            seen={task["id"]: task["version"] for task in tasks if "version" in task},
            **how,
        )
