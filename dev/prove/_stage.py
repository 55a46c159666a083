"""Where proofs are made: a new Postgres, the app's environment, and requests through Lambda's door.

The app reads its environment once, so a process can hold one stage.
"""

import contextlib
import importlib
import json
import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dev import Trouble, keys
from dev.events import Request
from dev.lambda_function import Response, send
from dev.local import ORIGIN, environment
from dev.postgres import Postgres
from dev.wire import CountingProxy


@contextlib.contextmanager
def empty_database() -> Iterator[str]:
    """A server of this proof alone; away from the checkout, whose .env would have a say."""
    with (
        TemporaryDirectory(prefix="thaw-") as directory,
        contextlib.chdir(directory),
        Postgres(Path(directory) / "postgres") as postgres,
    ):
        yield postgres.url


@contextlib.contextmanager
def stage() -> Iterator[CountingProxy]:
    """A migrated database; the app reaches it through the proxy, from its import on."""
    with empty_database() as url, CountingProxy(url) as proxy:
        os.environ |= environment(url) | {"DATABASE_URL": proxy.url, "LOG_LEVEL": "WARNING"}
        importlib.import_module("migrations.job").upgrade()
        yield proxy


def demo_token() -> str:
    return keys.token("demo", name="Demo", email="demo@example.com", issuer=ORIGIN, audience=ORIGIN)


def ask(method: str, path: str, token: str, body: object = None) -> Response:
    headers = [("Authorization", f"Bearer {token}")]
    if body is None:
        return send(Request(method, path, headers))
    headers.append(("Content-Type", "application/json"))
    return send(Request(method, path, headers, json.dumps(body).encode()))


def need(method: str, path: str, token: str, body: object = None) -> dict[str, Any]:
    """Ask for what a proof cannot do without; raises Trouble where the API refuses it."""
    response = ask(method, path, token, body)
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise Trouble(f"{method} {path} was answered with {response.status}: {response.body!r}")
    answer: dict[str, Any] = json.loads(response.body or b"{}")
    return answer
