"""How SQLAlchemy speaks to Postgres, without asking it first what we know."""

from typing import Any, Literal

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2


class Dialect(PGDialect_psycopg2):
    """Postgres 15 or newer, known beforehand: a new connection asks the server nothing.

    SQLAlchemy would ask for version, schema, isolation level and string escapes first: six round
    trips before the first statement of every cold start.
    """

    supports_statement_cache = True

    def _get_server_version_info(self, _connection: Any) -> tuple[int, ...]:
        return (15, 0)

    def _get_default_schema_name(self, _connection: Any) -> str:
        return "public"

    def get_default_isolation_level(self, _connection: Any) -> Literal["READ COMMITTED"]:
        return "READ COMMITTED"

    def _set_backslash_escapes(self, _connection: Any) -> None:
        self._backslash_escapes = False


NAME = "postgresql+thaw"
registry.register("postgresql.thaw", __name__, "Dialect")
