"""The function as Vercel would build and run it, for tests; a skip with its reason on a laptop."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from dev.vercel.building import built
from dev.vercel.serving import Instance, running
from tests.needs import missing, node, python
from tests.people import Person


def place() -> Path:
    """Where it is built; skips the test where it cannot be."""
    if why := missing(node, python):
        pytest.skip(why)
    return built()


@contextmanager
def instance(
    place: Path, seconds: float | None = None, without: tuple[str, ...] = (), **settings: str
) -> Iterator[Instance]:
    """One that asks the test's own database."""
    both = {**os.environ, **settings}
    kept = {name: value for name, value in both.items() if name not in without}
    with running(place, kept, seconds=seconds) as one:
        yield one


def caller(one: Instance, person: Person) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {person.token()}"}
    return httpx2.Client(base_url=f"{one.address}/api/me/", headers=headers, timeout=30)
