"""Which tests need a PgBouncer: skipped, saying so, where there is none; CI must have one."""

import os

import pytest

from dev.neon.computes.pgbouncer import program

needs_pgbouncer = pytest.mark.skipif(
    program() is None and os.environ.get("CI") != "true",
    reason="no pgbouncer on PATH: install it to run what goes through Neon's pooler",
)

DOORS = [
    pytest.param(False, id="direct"),
    pytest.param(True, id="pooled", marks=needs_pgbouncer),
]
"""For tests of what both hosts of an endpoint do: `pooled`."""
