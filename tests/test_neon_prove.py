"""`thaw prove neon`: the same code holds the local Neon and, by address, any other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev import ROOT
from dev.neon.cloud import Cloud
from dev.postgres import HOST
from tests.pgbouncer import needs_pgbouncer

pytestmark = [pytest.mark.slow, needs_pgbouncer]


def prove(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", "dev", "prove", "neon", *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
    )


def test_the_local_neon_is_as_claimed() -> None:
    done = prove()
    assert "claims are so" in done.stdout, done.stderr
    assert wrong(done) == [], done.stdout


def wrong(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The claims that are not so, but for seconds: a test runs beside others."""
    rows = [line for line in done.stdout.splitlines() if "│ NO" in line]
    return [row for row in rows if "│ < " not in row]


def test_one_at_another_address_is_asked_by_the_same_code(tmp_path: Path) -> None:
    """The local one in the place of Neon itself: found by libpq's and OpenSSL's own variables."""
    with Cloud(tmp_path) as cloud:
        done = prove(
            "--real",
            NEON_API_HOST=cloud.api_url,
            NEON_API_KEY=cloud.api_key,
            NEON_PROJECT_ID=cloud.project_id,
            PGHOSTADDR=HOST,
            SSL_CERT_FILE=str(tmp_path / "ca.pem"),
        )
        assert "claims are so" in done.stdout, done.stderr
        assert wrong(done) == [], done.stdout
        assert [one.name for one in cloud.project.state.branches.values()] == ["main"]


def test_without_an_account_it_is_not_run() -> None:
    done = prove("--real", NEON_API_KEY="", NEON_PROJECT_ID="")
    assert done.returncode == 2
    assert "NEON_API_KEY" in done.stderr
