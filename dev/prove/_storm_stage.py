"""A Postgres with few connections, and a PgBouncer before it that needs fewer."""

from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from psycopg2.extensions import cursor

from dev.neon.computes.contents import connected, found
from dev.neon.computes.pgbouncer import PgBouncer, Settings
from dev.neon.project.project import DATABASE, ROLE
from dev.postgres import HOST, Postgres

POOL = 20
"""Connections from PgBouncer to Postgres."""

PASSWORD = "none-to-keep"  # noqa: S105  the server lives as long as the proof


class Small(Postgres):
    """Takes so many connections and no more."""

    def __init__(self, directory: Path, connections: int) -> None:
        super().__init__(directory)
        self._settings = [*self._settings, f"max_connections={connections}"]


@dataclass(frozen=True)
class Narrow(Settings):
    """Neon's, but for the size of the pool; as there, the superuser may ask PgBouncer itself."""

    default_pool_size: int = POOL
    admin_users: str = "postgres"


class Pool(NamedTuple):
    """That of the app's role, as PgBouncer counts it: who is connected, and to how many."""

    clients: int
    servers: int


class Stage:
    def __init__(self, admin_url: str, pooler: PgBouncer) -> None:
        self._admin, self._pooler = admin_url, pooler
        self.straight = self._url(urlsplit(admin_url).port or 0)
        self.pooled = self._url(pooler.port)

    def pool(self) -> Pool:
        with connected(self._admin, dbname="pgbouncer", port=str(self._pooler.port)) as console:
            console.execute("SHOW POOLS")
            names = [column.name for column in console.description]
            pools = [dict(zip(names, row, strict=True)) for row in console.fetchall()]
        ours = [pool for pool in pools if pool["user"] == ROLE]
        clients, servers = ("cl_active", "cl_waiting"), [n for n in names if n.startswith("sv_")]
        return Pool(*(sum(pool[n] for pool in ours for n in each) for each in (clients, servers)))

    @contextmanager
    def session(self) -> Iterator[cursor]:
        """The superuser's, straight at Postgres, where a place is kept for him."""
        with connected(self._admin, dbname=DATABASE) as session:
            yield session

    @staticmethod
    def _url(port: int) -> str:
        return f"postgresql://{ROLE}:{PASSWORD}@{HOST}:{port}/{DATABASE}"


@contextmanager
def stage(connections: int) -> Iterator[Stage]:
    with (
        TemporaryDirectory(prefix="thaw-") as directory,
        chdir(directory),  # away from the checkout, whose .env would have a say
        Small(Path("postgres"), connections) as postgres,
    ):
        found(postgres.url, ROLE, PASSWORD, DATABASE)
        where = urlsplit(postgres.url)
        pooler = PgBouncer(Path("pgbouncer"), Narrow())
        try:
            pooler.start(where.port or 0, where.password or "")
            yield Stage(postgres.url, pooler)
        finally:
            pooler.kill()
