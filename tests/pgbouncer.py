"""Which tests need a PgBouncer, since they go through Neon's pooler."""

import pytest

from tests.needs import needs, pgbouncer

needs_pgbouncer = needs(pgbouncer)

DOORS = [
    pytest.param(False, id="direct"),
    pytest.param(True, id="pooled", marks=needs_pgbouncer),
]
"""For tests of what both hosts of an endpoint do: `pooled`."""
