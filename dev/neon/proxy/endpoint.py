"""What the front asks of whoever knows the endpoints, and how that one says no."""

from typing import Protocol


class Endpoint(Protocol):
    """One compute as its clients know it, by the first label of a host name, without -pooler."""

    @property
    def id(self) -> str: ...

    def password(self, role: str) -> str | None:
        """The role's password; None where there is no such role."""

    def connect(self, *, pooled: bool) -> tuple[str, int]:
        """Host and port of PgBouncer or Postgres, woken if need be; raises Refused."""


class Refused(Exception):  # noqa: N818  not a fault of the program: it is what the client is told
    """Why a client is turned away, in Neon's own words."""
