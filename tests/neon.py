"""A front with one compute behind it, and how tests connect to them."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from dev.neon.computes.compute import Compute
from dev.neon.computes.contents import found
from dev.neon.computes.pgbouncer import Settings
from dev.neon.proxy.certificates import Certificates
from dev.neon.proxy.endpoint import Refused
from dev.neon.proxy.faults import Faults
from dev.neon.proxy.front import HOST, Front

ID, ROLE, PASSWORD, DATABASE = "ep-calm-lake-0f3e9a21", "neondb_owner", "not a secret", "neondb"
DOMAIN = "us-east-2.aws.neon.tech"


@dataclass
class OneEndpoint:
    compute: Compute
    id: str = ID
    wake: float = 0.3
    refusal: str = ""

    def password(self, role: str) -> str | None:
        return PASSWORD if role == ROLE else None

    def connect(self, *, pooled: bool) -> tuple[str, int]:
        if self.refusal:
            raise Refused(self.refusal)
        self.compute.start(self.wake)
        return HOST, self.compute.pooled if pooled else self.compute.direct


@dataclass
class Neon:
    compute: Compute
    endpoint: OneEndpoint
    front: Front
    authority: Path
    faults: Faults

    def parameters(self, *, pooled: bool = False, **other: Any) -> dict[str, Any]:
        """As an app on Neon has them; hostaddr spares the name server."""
        return {
            "host": f"{ID}{'-pooler' if pooled else ''}.{DOMAIN}",
            "hostaddr": HOST,
            "port": self.front.port,
            "user": ROLE,
            "password": PASSWORD,
            "dbname": DATABASE,
            "sslmode": "verify-full",
            "sslrootcert": str(self.authority),
            "channel_binding": "require",
            **other,
        }

    def connect(self, *, pooled: bool = False, **other: Any) -> connection:
        made = psycopg2.connect(**self.parameters(pooled=pooled, **other))
        made.autocommit = True
        return made

    def ask(self, question: str, *values: Any, pooled: bool = False, **other: Any) -> Any:
        """One connection, one statement, one value."""
        with closing(self.connect(pooled=pooled, **other)) as asking:
            return ask(asking, question, *values)


def ask(connection: connection, question: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question, values or None)
        row = cursor.fetchone()
        return row[0] if row else None


@contextmanager
def neon(directory: Path, settings: Settings | None = None) -> Iterator[Neon]:
    certificates, faults = Certificates(directory), Faults()
    compute = Compute(directory / "compute", settings=settings)
    endpoint = OneEndpoint(compute)
    front = Front({ID: endpoint}.get, certificates, faults)
    with ExitStack() as stack:
        stack.callback(compute.suspend)
        compute.start()
        found(compute.admin_url(), ROLE, PASSWORD, DATABASE)
        front.start()
        stack.callback(front.stop)
        yield Neon(compute, endpoint, front, certificates.authority, faults)
