"""Many sandboxes of a storm in one process: each a thread with a Lambda handler of its own.

A laptop has no room for 800 interpreters. What is real is the app's own code, and the connections:
the pool is as large as its sandboxes are many, and the first request of each is kept waiting until
all hold one. From then on there are as many as sandboxes, and nobody waits for another's.
"""

import importlib
import json
import random
import sys
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from dev.events import DOORS, Request
from dev.lambda_function import Context, response
from dev.prove._soak_crew import receive, report

TASKS = "/api/me/tasks"


class Sandbox:
    def __init__(self, token: str) -> None:
        app = importlib.import_module("app.main").app
        self.handler = importlib.import_module("app.lambda_events").Handler(app)
        self.token = token

    def read(self) -> None:
        self.send(Request("GET", f"{TASKS}?limit=20", self.headers()))

    def add(self, title: str, key: str = "") -> None:
        headers = [*self.headers(), ("Content-Type", "application/json")]
        if key:
            headers.append(("Idempotency-Key", key))
        self.send(Request("POST", TASKS, headers, json.dumps({"title": title}).encode()), key)

    def headers(self) -> list[tuple[str, str]]:
        return [("Authorization", f"Bearer {self.token}")]

    def send(self, request: Request, key: str = "") -> None:
        """Send it and report what came back."""
        began = time.monotonic()
        answer = response(self.handler(DOORS["v2"](request), Context()))
        seconds = time.monotonic() - began
        content = json.loads(answer.body)
        report(
            {
                "key": key,
                "status": answer.status,
                "code": content.get("code", ""),
                "replayed": answer.header("Idempotent-Replayed") == "true",
                "id": content.get("id", ""),
                "began": began,
                "seconds": seconds,
            }
        )


def crowd(token: str, pause: float, stopped: Event) -> None:
    """Ask at once, and then now and again."""
    sandbox, chance = Sandbox(token), random.Random()  # noqa: S311  no secret
    sandbox.read()
    while not stopped.wait(chance.uniform(0, 2 * pause)):
        if chance.random() < 1 / 2:
            sandbox.read()
        else:
            sandbox.add("Storm")


def twins(token: str, keys: list[str], begin: float, step: float, stopped: Event) -> None:
    """Add a task under each key, each at its moment, which is the same for all twins."""
    sandbox = Sandbox(token)
    for number, key in enumerate(keys):
        if stopped.wait(max(0.0, begin + number * step - time.monotonic())):
            break
        sandbox.add(key, key)


PARTS: dict[str, Callable[..., None]] = {"crowd": crowd, "twins": twins}


def main() -> None:
    orders: dict[str, Any] = receive()
    stopped, part, size = Event(), PARTS[orders.pop("part")], orders.pop("sandboxes")
    threads = [Thread(target=part, kwargs={**orders, "stopped": stopped}) for _ in range(size)]
    for thread in threads:
        thread.start()
    sys.stdin.read()  # until nobody wants to hear more
    stopped.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
