"""What two platforms must have in common: all but times, ids, and what the platform itself adds."""

import json
import re
from typing import Any, NamedTuple

from dev.events import Request
from dev.lambda_function import Response
from tests.parity_doors import Door
from tests.parity_requests import REQUESTS, Asked
from tests.people import Person

OF_THE_PLATFORM = {
    "connection",  # whether the next request may come the same way
    "date",
    "server",  # uvicorn's name; Vercel puts its own there
    "x-vercel-internal-timing",  # the first answer of an instance; Vercel takes it out
}
VARYING = {
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "request id": r"\b[0-9a-f]{32}\b",
    "cursor": r'(?<="next":")[^"]+|(?<=cursor=)[^&>]+',
    "duration": r"(?<=dur=)[\d.]+",
    "pool": r'(?<="pool":){[^}]*}',
}
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class Answer(NamedTuple):
    status: int
    headers: dict[str, list[str]]
    body: str


def answers(door: Door, me: Person, mate: Person) -> list[Answer]:
    """What comes back through this door, of which one person asks all."""
    known = {"me": me.id, "token": me.token(), "mate": mate.id, "mates": mate.token()}
    known["mate_task"] = mate.add()["id"]
    names = {me.id: "<me>", mate.id: "<mate>"}
    return [plain(ask(door, asked, known), names) for asked in REQUESTS]


def ask(door: Door, asked: Asked, known: dict[str, str]) -> Response:
    headers = [(name, filled(value, known)) for name, value in asked.headers]
    if "Authorization" not in dict(headers):
        headers.append(("Authorization", f"Bearer {known['token']}"))
    headers = [(name, value) for name, value in headers if value]
    body = filled(asked.body.decode("latin-1"), known).encode("latin-1")
    answer = door(Request(asked.method, filled(asked.target, known), headers, body))
    remember(asked, answer, known)
    return answer


def filled(template: str, known: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda name: known[name[1]], template)


def remember(asked: Asked, answer: Response, known: dict[str, str]) -> None:
    if (answer.header("content-type") or "") == "application/json" and answer.body:
        told: Any = json.loads(answer.body)
        if asked.keep:
            known[asked.keep] = told["id"]
        if told.get("next"):
            known["next"] = told["next"]


def plain(answer: Response, names: dict[str, str]) -> Answer:
    """Ids are numbered as they come: the same one is the same everywhere."""
    headers: dict[str, list[str]] = {}
    for name, value in sorted((name.lower(), value) for name, value in answer.headers):
        if name not in OF_THE_PLATFORM:
            headers.setdefault(name, []).append(normal(value, names))
    if not answer.body:
        headers.pop("content-type", None)  # Mangum names one even where there is nothing
    body = answer.body.decode("utf-8")
    length = str(len(answer.body))
    if headers.get("content-length") == [length]:
        headers["content-length"] = ["<that of the body>"]
    return Answer(answer.status, headers, normal(body, names))


def normal(text: str, names: dict[str, str]) -> str:
    for person in [each for each in names if not UUID.fullmatch(each)]:
        text = text.replace(person, names[person])
    for name, pattern in VARYING.items():
        text = re.sub(pattern, f"<{name}>", text)
    return UUID.sub(lambda found: names.setdefault(found[0], f"<{len(names)}>"), text)
