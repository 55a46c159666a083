"""Holds the API against a real Better Auth server: whose tokens it takes, and whose database."""

import importlib
import json
import os
import time
from typing import Any, NamedTuple

import jwt
import psycopg2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dev import better_auth
from dev.better_auth.person import Person
from dev.local import environment
from dev.prove import Proof, Step, Verdict
from dev.prove._schemas import beside, differences, migrate
from dev.prove._stage import ask, empty_database

GOAL = "Better Auth's tokens open the API, any other is refused, and both live in one database."


class Case(NamedTuple):
    name: str
    expected: str
    got: str


def prove() -> Proof:
    yield Step("installing Better Auth", 0)
    better_auth.install()
    with empty_database() as url:
        yield Step("our tables first, then Better Auth's", 0.3)
        ours_first = beside(url)
        migrate(ours_first)
        with better_auth.running(ours_first) as origin:
            Person(origin).sign_up()
        yield Step("Better Auth's tables first, then ours", 0.5)
        with better_auth.running(url) as origin:
            migrate(url)
            open_app(url, origin)
            cases = [Case("tables made in either order", "alike", differences(url, ours_first))]
            yield Step("tokens", 0.7)
            person = Person(origin)
            cases += tokens(person)
            yield Step("a new key", 0.9)
            cases += rotation(person, url)
    return judge(cases)


def open_app(url: str, origin: str) -> None:
    """From now on the app in this process trusts that server, and no key of our own."""
    os.environ |= environment(url) | {
        "JWKS_URL": f"{origin}/api/auth/jwks",
        "JWT_ISSUER": origin,
        "JWT_AUDIENCE": origin,
        "LOG_LEVEL": "WARNING",
    }
    del os.environ["JWKS"]


def tokens(person: Person) -> list[Case]:
    id = person.sign_up()
    token = person.token()
    return [
        Case("its token: GET /api/me", "200, its id", profile(token, id)),
        Case("its token: POST /api/me/tasks", "201", status(token, "tasks", {"title": "Mine"})),
        refused("for another audience", person.token("other-audience")),
        refused("from another issuer", person.token("other-issuer")),
        refused("of an hour ago", person.token("an-hour-ago")),
        refused("session cookie, shared secret", person.cookie("cookie")),
        refused("session cookie, same key", person.cookie("cookie-signed")),
        *(refused(name, forged) for name, forged in forgeries(token).items()),
    ]


def forgeries(token: str) -> dict[str, str]:
    """The same claims under the same key's name, and no key of Better Auth's behind them."""
    claims = jwt.decode(token, options={"verify_signature": False})
    named = {"kid": jwt.get_unverified_header(token)["kid"]}
    secret = "x" * 32
    return {
        "forged: another key": jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", named),
        "forged: a shared secret": jwt.encode(claims, secret, "HS256", named),
        "forged: algorithm none": jwt.encode(claims, "", "none", named),
        "forged: signature cut off": token.rpartition(".")[0] + ".",
    }


def refused(name: str, token: str) -> Case:
    return Case(name, "401", status(token))


def status(token: str, path: str = "", body: dict[str, Any] | None = None) -> str:
    method = "POST" if body else "GET"
    return str(ask(method, f"/api/me/{path}".rstrip("/"), token, body).status)


def profile(token: str, id: str) -> str:
    response = ask("GET", "/api/me", token)
    same = json.loads(response.body).get("id") == id
    return f"{response.status}, {'its' if same else 'another'} id"


def rotation(person: Person, url: str) -> list[Case]:
    """Let the key expire; Better Auth then signs with a new one and still publishes the old."""
    old = person.token()
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute('UPDATE jwks SET "expiresAt" = now()')
    connection.close()
    new = person.token()
    cool_down = importlib.import_module("app.keys").COOL_DOWN
    begun = time.monotonic()
    while (got := status(new)) != "200" and time.monotonic() - begun <= cool_down + 1:
        time.sleep(0.2)
    return [
        Case("the next key's token, after the cool-down", "200", got),
        Case("the last key's token, in its grace period", "200", status(old)),
    ]


def judge(cases: list[Case]) -> Verdict:
    met = sum(expected == got for _, expected, got in cases)
    figure = f"{met} of {len(cases)} cases as they must be"
    return Verdict(
        ("Case", "Expected", "Got"), [tuple(case) for case in cases], figure, met == len(cases)
    )
