"""Requests that meet a fault: what their callers are told, how late, and what is so afterwards."""

import json
from functools import partial
from http import HTTPStatus
from itertools import count
from math import inf
from typing import NamedTuple

from dev import Trouble
from dev.events import Request
from dev.prove._cold_sandbox import Answer, Sandbox
from dev.prove._cold_stage import Stage
from dev.prove._silence_cases import Refusal, Silence, changed
from dev.prove._silence_network import Network
from dev.prove._stage import demo_token

READ, WRITE, KEYED = "GET", "POST", "POST with key"
DONE = {HTTPStatus.OK, HTTPStatus.CREATED}

MARGIN = 0.5
"""Seconds between the app's deadline and its platform's."""

LATE = 0.25
"""Seconds after its deadline from which an answer is late."""

HEALTHY = 10.0
"""Seconds for a request whose database speaks."""


class Met(NamedTuple):
    """What became of one request."""

    fault: str
    request: str
    title: str
    """Of the task that it should add, if any; no other request adds one of that title."""

    said: str
    late: float
    """Seconds after its deadline; less than 0 before it."""

    wrong: list[str]
    connections: int = 0


class Trial:
    def __init__(self, stage: Stage, network: Network) -> None:
        self._stage, self._network, self._faults = stage, network, stage.cloud.faults
        self._url = changed(stage.environ["DATABASE_URL"], port=network.port)
        self._numbers = count(1)

    def silence(self, silence: Silence, kind: str, timeout: float, *, warm: bool) -> Met:
        """Meet it with a connection that rests, or in a process that is new to it all."""
        begin = partial(silence.begin, self._network, self._faults)
        title = self._title(kind)
        request = asking(kind, title)
        if not warm:
            begin()
        with self._stage.sandbox(DATABASE_URL=self._url) as sandbox:
            sandbox.ready()
            if warm:
                need(sandbox)
                begin()
            answer = sandbox.send(request, timeout)
            self._heal()
            wrong = failings(answer, timeout)
            wrong += afterwards(sandbox, request, kind) if answer else []
        name = f"{kind}, {'warm' if warm else 'cold'}, {timeout:g} s"
        return Met(silence.name, name, title, said(answer), late(answer, timeout), wrong)

    def refusal(self, refusal: Refusal, kind: str) -> list[Met]:
        """Twice in one process, whose first request answers for what was begun before it."""
        met, before = [], self._network.connections
        if refusal.fault:
            self._faults.add(refusal.fault, times=None)
        with self._stage.sandbox("function", **refusal.environ(self._url)) as sandbox:
            sandbox.ready()
            for which in ("first", "second"):
                title = self._title(kind)
                answer = sandbox.send(asking(kind, title), HEALTHY)
                made, before = self._network.connections - before, self._network.connections
                wrong = failings(answer, HEALTHY)
                wrong += [f"{made} connections"] if made != 1 else []
                wrong += [f"not {refusal.code}"] if said(answer) != refusal.code else []
                name, seconds = f"{which} {kind}", late(answer, HEALTHY)
                met.append(Met(refusal.name, name, title, said(answer), seconds, wrong, made))
        self._heal()
        return met

    def _title(self, kind: str) -> str:
        return "" if kind == READ else f"task {next(self._numbers)}"

    def _heal(self) -> None:
        self._faults.clear()
        self._network.heal()


def asking(kind: str, title: str = "") -> Request:
    headers = [("Authorization", f"Bearer {demo_token()}"), ("Content-Type", "application/json")]
    if kind == READ:
        return Request("GET", "/api/me/tasks", headers)
    if kind == KEYED:
        headers.append(("Idempotency-Key", title.replace(" ", "-")))
    return Request("POST", "/api/me/tasks", headers, json.dumps({"title": title}).encode())


def need(sandbox: Sandbox) -> None:
    """Have it connected; raises Trouble."""
    answer = sandbox.send(asking(READ), HEALTHY)
    if not succeeded(answer):
        raise Trouble(f"Without a fault the function answers {said(answer)}.")


def succeeded(answer: Answer | None) -> bool:
    return answer is not None and answer.response.status in DONE


def said(answer: Answer | None) -> str:
    """The code of a problem, else the status, or nothing."""
    if answer is None:
        return "nothing"
    response = answer.response
    return str(json.loads(response.body).get("code", response.status))


def late(answer: Answer | None, timeout: float) -> float:
    return answer.seconds - (timeout - MARGIN) if answer else inf


def failings(answer: Answer | None, timeout: float) -> list[str]:
    if answer is None:
        return ["killed by its platform"]
    status = answer.response.status
    wrong = [f"{seconds:.2f} s late"] if (seconds := late(answer, timeout)) > LATE else []
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return wrong if answer.response.header("Retry-After") else [*wrong, "no Retry-After"]
    return wrong if succeeded(answer) else [*wrong, f"answered with {status}"]


def afterwards(sandbox: Sandbox, request: Request, kind: str) -> list[str]:
    """What fails when nothing is wrong any more: a read, and a keyed write sent again."""
    again = [asking(READ), *([request] if kind == KEYED else [])]
    heard = [sandbox.send(each, HEALTHY) for each in again]
    return [f"afterwards {said(answer)}" for answer in heard if not succeeded(answer)]
