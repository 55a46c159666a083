"""A client of Neon's API v2: for the local one, and for the real one at another address."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2

from dev import Trouble

Answer = dict[str, Any]

PATIENCE = 300.0
"""Seconds for an answer other than "busy", and for an operation; locally they take one or two."""

SILENCE = 20.0
"""Seconds for any answer at all: a wrong address never gives one."""

BUSY = {423, 429, 503}
"""Not now, but soon: Neon says that these are always safe to repeat."""

UNHEARD = {502, 504}
"""Said by what stands before Neon: nobody knows whether the request has arrived."""

REPEATABLE = {"GET", "DELETE"}
"""What may be sent again when nobody knows whether it arrived: what is gone stays gone."""

FIRST_PAUSE, LONGEST_PAUSE, POLL = 0.25, 10.0, 0.1


class Refused(Trouble):
    """An answer that no repetition changes."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"Neon's API: {message}")
        self.status, self.code = status, code


class Unreachable(Trouble):
    """No answer: the request may have arrived, or may not."""


Sent = httpx2.Response | Unreachable


class Service(NamedTuple):
    """Where a project's API is, and what libpq must know to reach and trust its databases."""

    api_url: str
    api_key: str
    project_id: str
    libpq: dict[str, str]

    def call(self, method: str, path: str, **more: Any) -> Answer:
        """Ask about the project, and wait out what is busy; raises Refused, or Unreachable."""
        project = quote(self.project_id, safe="")
        return self.ask(method, f"{self.api_url}/projects/{project}{path}", **more)

    def ask(self, method: str, url: str, **more: Any) -> Answer:
        begun, tried = time.monotonic(), 0
        while True:
            got = self._send(method, url, **more)
            wait = pause(tried, got)
            patience = SILENCE if isinstance(got, Unreachable) else PATIENCE
            if not passing(method, got) or time.monotonic() + wait > begun + patience:
                break
            time.sleep(wait)
            tried += 1
        if isinstance(got, Unreachable):
            raise got
        if got.is_error:
            raise refusal(got)
        return self._read(got) if got.content else {}

    def _read(self, got: httpx2.Response) -> Answer:
        with suppress(ValueError):
            if isinstance(found := got.json(), dict):
                return found
        raise Trouble(f"What answers at {self.api_url} is not Neon's API.")

    def _send(self, method: str, url: str, **more: Any) -> Sent:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        try:
            return httpx2.request(method, url, headers=headers, timeout=30, **more)
        except (httpx2.LocalProtocolError, UnicodeEncodeError):  # their words quote the key
            raise Trouble("A setting holds a character that HTTP does not take.") from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise Trouble(f"{self.api_url} is no address of Neon's API: {error}") from None
        except httpx2.HTTPError as error:
            why = str(error) or type(error).__name__
            return Unreachable(f"Neon's API at {self.api_url} does not answer: {why}")

    def change(self, method: str, path: str, **more: Any) -> Answer:
        """The same, returning when the operations that it has set off are over."""
        answer = self.call(method, path, **more)
        for operation in answer.get("operations", []):
            self.settle(operation["id"])
        return answer

    def settle(self, operation_id: str) -> None:
        """Return when an operation is over; raises Trouble where it failed or takes too long."""
        wait_until(lambda: self._over(operation_id), "An operation of Neon's is not over")

    def _over(self, operation_id: str) -> bool:
        operation = self.call("GET", f"/operations/{operation_id}")["operation"]
        if operation["status"] in {"failed", "error", "cancelled"}:
            said = operation.get("error", "no word why")
            raise Trouble(f"Neon's {operation['action']} has failed: {said}")
        return operation["status"] in {"finished", "skipped"}


def wait_until(over: Callable[[], bool], late: str) -> None:
    end, wait = time.monotonic() + PATIENCE, POLL
    while not over():
        if time.monotonic() > end:
            raise Trouble(f"{late} after {PATIENCE:.0f} s.")
        time.sleep(wait)
        wait = min(1.0, 1.2 * wait)


def passing(method: str, got: Sent) -> bool:
    """Whether the same request may fare better, and may be sent again."""
    if isinstance(got, Unreachable):
        return method in REPEATABLE
    return got.status_code in BUSY or (got.status_code in UNHEARD and method == "GET")


def pause(tried: int, got: Sent) -> float:
    """Seconds until the next try: what the server asks for, else longer each time, by chance.

    By chance, since the jobs of one push are refused together and must not come back together.
    """
    asked = "" if isinstance(got, Unreachable) else got.headers.get("Retry-After", "")
    if asked.isdecimal():
        return float(asked) + random.uniform(FIRST_PAUSE, 2 * FIRST_PAUSE)  # noqa: S311
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tried)
    return random.uniform(longest / 2, longest)  # noqa: S311  no secret


def refusal(got: httpx2.Response) -> Refused:
    try:
        said = got.json()
        return Refused(got.status_code, str(said.get("code", "")), str(said["message"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refused(got.status_code, "", f"status {got.status_code}")
