"""People who call the API, and hold each answer against what the model says is due."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import httpx2
from psycopg2.extensions import cursor

from tests.contract_chosen import Moment
from tests.contract_model import REUSED, Answer, Guard, Refused, Show, World
from tests.people import Person, sign_up
from tests.problem import refused

PEOPLE = ("owner", "teammate", "admin", "outsider", "newcomer", "namesake")
"""A newcomer has a token and no row yet; so has the namesake, at the owner's email address."""

ME = "http://test/api/me"
Do = Callable[[World, str], Show]


class Call(NamedTuple):
    """Who writes, and whether with an Idempotency-Key."""

    who: str = "owner"
    keyed: bool = False


class Request(NamedTuple):
    who: str
    method: str
    path: str
    body: Any = None
    guard: Guard = None
    key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        headers = {}
        if self.guard is not None:
            headers["If-Match"] = "*" if self.guard == "*" else f'"{self.guard}"'
        if self.key:
            headers["Idempotency-Key"] = self.key
        return headers


class Callers:
    def __init__(self, sql: cursor) -> None:
        moment = Moment()
        signed_up = {name: sign_up(sql, name) for name in PEOPLE[:4]}
        self.people = signed_up | {name: Person(name) for name in PEOPLE[4:]}
        self.people["namesake"] = namesake = Person("namesake")
        namesake.email = self.people["owner"].email
        namesake.headers["Authorization"] = f"Bearer {namesake.token()}"
        self.ids = {name: person.id for name, person in self.people.items()}
        tokens = {person.id: claims(person) for person in self.people.values()}
        self.world = World(tokens, moment)
        for person in signed_up.values():
            self.world.provide(person.id)
        self.sent: list[tuple[Request, Do]] = []
        """What was written under a key, and can be repeated."""

    def write(self, request: Request, do: Do) -> bool:
        """Send it; if the answer is what the model says, so is the world from now on."""
        world, who = self.world.copy(), self.ids[request.who]
        known = (who, request.key) in world.keys
        try:
            due: Answer | Refused = answered(world, who, request, do)
        except Refused as refusal:
            due = refusal
        answer = self.send(request)
        world.moment.end_now()
        if isinstance(due, Refused):
            check_refusal(answer, due)
            return False
        check(answer, due)
        assert answer.headers.get("idempotent-replayed") == ("true" if known else None)
        self.world = world
        return True

    def send(self, request: Request) -> httpx2.Response:
        person, body = self.people[request.who], plain(request.body)
        return person.request(request.method, request.path, json=body, headers=request.headers)


def claims(person: Person) -> dict[str, Any]:
    known = {"id": person.id, "name": person.name, "email": person.email}
    return {**known, "email_verified": True, "image": None}


def plain(body: Any) -> Any:
    """As JSON has it: ids are text."""
    return json.loads(json.dumps(body, default=str))


def answered(world: World, who: str, request: Request, do: Do) -> Answer:
    """What is due. A repeat does nothing, and shows the same things as they are now."""
    sent = request.method, request.path, request.body
    if request.key and (who, request.key) in world.keys:
        first, show = world.keys[who, request.key]
        if first != sent:
            raise Refused(*REUSED)
        return show(world)
    show = do(world, who)
    if request.key:
        world.keys[who, request.key] = sent, show
    return show(world)


def check_refusal(answer: httpx2.Response, due: Refused) -> None:
    problem = refused(answer, due.status)
    assert problem["code"] == due.code
    if due.place is not None:
        [error] = problem["errors"]
        assert (error["pointer"].split("/")[2], error["code"]) == (str(due.place), due.code)


def check(answer: httpx2.Response, due: Answer) -> None:
    assert answer.status_code == due.status, answer.text
    body = answer.json() if answer.content else None
    assert body == due.body, f"{body} is not {due.body}"
    version = due.body.get("version") if due.body else None
    if version:
        assert answer.headers["etag"] == f'"{version}"'
    if due.status == 201 and "items" not in body and "members" not in body:
        assert UUID(answer.headers["location"].rpartition("/")[2]) == UUID(body["id"])
