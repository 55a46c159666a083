"""Who asks, while round trips are counted: users with so many rows of each kind."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from dev import keys
from dev.local import ORIGIN
from dev.prove._trips_count import Counted, count_pages
from dev.prove._trips_endpoints import Endpoint
from dev.prove._trips_things import Size, Things, asked, fill
from dev.wire import CountingProxy


class Callers:
    """One for all that reads; one for each write, since a write may leave nothing of its caller."""

    def __init__(self, proxy: CountingProxy, cursor: Any, sizes: Iterable[Size]) -> None:
        self._proxy, self._cursor = proxy, cursor
        self._readers = {size: self._new(size) for size in sizes}
        cursor.execute("VACUUM ANALYZE")  # or the first statements are planned for empty tables

    def ask(self, endpoint: Endpoint, size: Size) -> list[Counted]:
        """The request, counted; of a list, each of its pages."""
        things = self._readers[size] if endpoint.reads else self._new(size)
        return count_pages(self._proxy, token(things.me), asked(endpoint, things))

    def _new(self, size: Size) -> Things:
        return fill(self._cursor, str(uuid4()), size)


def token(user: str) -> str:
    email = f"{user}@example.com"
    return keys.token(user, name="Planted", email=email, issuer=ORIGIN, audience=ORIGIN)
