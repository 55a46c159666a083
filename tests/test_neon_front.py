import io
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from dev.neon.proxy import startup
from dev.neon.proxy.certificates import Certificates
from dev.neon.proxy.endpoint import Refused
from tests.needs import needs, psql
from tests.neon import DOMAIN, ID, ROLE, Neon, ask, neon
from tests.pgbouncer import DOORS, needs_pgbouncer

pytestmark = pytest.mark.usefixtures("plain_psycopg2")

WRONG = {"password": "guessed"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neon]:
    with neon(tmp_path_factory.mktemp("neon")) as running:
        yield running


def words(here: Neon, **parameters: Any) -> str:
    """What a client that cannot connect is told."""
    with pytest.raises(psycopg2.OperationalError) as refused:
        here.connect(**parameters)
    return str(refused.value)


def output(*program: str) -> str:
    done = subprocess.run(program, check=True, capture_output=True, text=True)  # noqa: S603  known
    return done.stdout


@pytest.mark.parametrize("pooled", DOORS)
@pytest.mark.parametrize("how", [{}, {"sslnegotiation": "direct"}, {"channel_binding": "disable"}])
def test_a_verified_client_gets_in(here: Neon, *, pooled: bool, how: dict[str, str]) -> None:
    assert here.ask("SELECT current_user", pooled=pooled, **how) == ROLE


@needs(psql)
@pytest.mark.parametrize("pooled", DOORS)
def test_psql_gets_in(here: Neon, *, pooled: bool) -> None:
    said = make_dsn(**here.parameters(pooled=pooled))
    assert output("psql", "-X", "-A", "-t", "-c", "SELECT 40 + 2", said) == "42\n"


def test_a_host_name_of_the_certificate_s_other_domain_serves_as_well(here: Neon) -> None:
    assert here.ask("SELECT 1", host=f"{ID}.local.neon.tech") == 1


def test_a_certificate_is_not_valid_for_other_names(here: Neon) -> None:
    assert "does not match host name" in words(here, host=f"{ID}.eu-west-9.aws.neon.tech")


@pytest.mark.parametrize("pooled", DOORS)
def test_without_tls_nobody_gets_in(here: Neon, *, pooled: bool) -> None:
    said = words(here, pooled=pooled, sslmode="disable", channel_binding="disable")
    assert "ERROR:  connection is insecure (try using `sslmode=require`)" in said


def test_a_wrong_password_a_wrong_role_and_a_wrong_endpoint_sound_the_same(here: Neon) -> None:
    password = words(here, **WRONG)
    role = words(here, user="nobody", **WRONG)
    endpoint = words(here, host=f"ep-none.{DOMAIN}").replace("ep-none", ID)
    assert f"ERROR:  password authentication failed for user '{ROLE}'" in password
    assert role.replace("nobody", ROLE) == password == endpoint


def test_without_a_server_name_the_endpoint_is_asked_for(here: Neon) -> None:
    assert f"ERROR:  {startup.NO_ENDPOINT}" in words(here, sslsni="0")


@pytest.mark.parametrize("pooled", DOORS)
def test_without_a_server_name_options_may_say_the_endpoint(here: Neon, *, pooled: bool) -> None:
    options = f"endpoint={ID}{'-pooler' if pooled else ''}"
    assert here.ask("SELECT 1", sslsni="0", options=options) == 1


def test_a_server_name_and_options_that_disagree_are_refused(here: Neon) -> None:
    said = words(here, options="endpoint=ep-other")
    assert f"SNI ('{ID}') and project option ('ep-other')" in said


def test_a_setting_in_the_options_works_unpooled_only(here: Neon) -> None:
    assert here.ask("SHOW statement_timeout", options="-c statement_timeout=5000") == "5s"


@needs_pgbouncer
def test_a_setting_in_the_options_is_refused_by_the_pooler(here: Neon) -> None:
    said = words(here, pooled=True, options="-c statement_timeout=5000")
    assert "ERROR:  unsupported startup parameter" in said
    assert "Please use unpooled connection or remove this parameter" in said


def test_of_the_startup_packet_the_compute_gets_to_see_only_what_neon_lets_through() -> None:
    said = {
        "user": "u",
        "database": "d",
        "statement_timeout": "1",
        "client_encoding": "LATIN1",
        "options": "-c geqo=off endpoint=ep-x neon_lsn:0/2",
    }
    assert startup.forwarded(said) == {
        "client_encoding": "UTF8",
        "user": "u",
        "database": "d",
        "options": "-c geqo=off",
    }


@pytest.mark.parametrize(
    ("said", "complaint"),
    [({}, "Parameter 'user' is missing"), ({"user": ""}, "Parameter 'user' is missing")],
)
def test_a_startup_packet_without_a_user_is_refused(said: dict[str, str], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        startup.user(said)


@pytest.mark.parametrize(
    ("sni", "complaint"),
    [
        ("ep_x.local.neon.tech", "must contain only alphanumeric"),
        ("ep-x.example.com", "'example.com'. is not known"),
    ],
)
def test_a_strange_host_name_is_refused(sni: str, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        startup.endpoint({}, sni)


def test_a_database_that_does_not_exist_is_an_error_of_the_proxy(here: Neon) -> None:
    assert 'ERROR:  database "none" does not exist' in words(here, dbname="none")


def test_a_refusal_of_the_control_plane_reaches_the_client(here: Neon) -> None:
    here.endpoint.refusal = "Control plane request failed: endpoint is disabled"
    try:
        assert f"ERROR:  {here.endpoint.refusal}" in words(here)
    finally:
        here.endpoint.refusal = ""


CANCELLED = """
import sys, threading, psycopg2
connection = psycopg2.connect(sys.argv[1])
threading.Timer(0.2, connection.cancel).start()
try:
    connection.cursor().execute("SELECT pg_sleep(5)")
except psycopg2.errors.QueryCanceled:
    print("cancelled")
"""


@pytest.mark.parametrize("pooled", DOORS)
def test_a_statement_can_be_cancelled(here: Neon, *, pooled: bool) -> None:
    # In a process of its own: psycopg2's cancel() holds the interpreter that the front runs in.
    said = make_dsn(**here.parameters(pooled=pooled))
    assert output(sys.executable, "-c", CANCELLED, said) == "cancelled\n"


@pytest.mark.parametrize("pooled", DOORS)
def test_much_data_flows_both_ways(here: Neon, *, pooled: bool) -> None:
    rows = "".join(f"{number}\t{'x' * 100}\n" for number in range(20_000))
    table, copy = ("pooled" if pooled else "direct"), io.StringIO()
    with closing(here.connect(pooled=pooled)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (number int, filling text)")
        cursor.copy_from(io.StringIO(rows), table)
        cursor.copy_to(copy, table)
    assert copy.getvalue() == rows


@needs_pgbouncer
def test_set_leaks_to_the_next_client_of_the_pooler(here: Neon) -> None:
    with closing(here.connect(pooled=True)) as one, closing(here.connect(pooled=True)) as other:
        ask(one, "SET work_mem = '7MB'; SELECT 1")
        assert ask(other, "SHOW work_mem") == "7MB"
        ask(other, "RESET work_mem; SELECT 1")


@needs_pgbouncer
def test_set_local_does_not_leak(here: Neon) -> None:
    with closing(here.connect(pooled=True)) as one, closing(here.connect(pooled=True)) as other:
        assert ask(one, "BEGIN; SET LOCAL work_mem = '7MB'; SHOW work_mem") == "7MB"
        ask(one, "COMMIT; SELECT 1")
        assert ask(other, "SHOW work_mem") == "4MB"


@needs_pgbouncer
def test_a_session_s_advisory_lock_excludes_nobody_and_outlives_it(here: Neon) -> None:
    with closing(here.connect(pooled=True)) as other:
        with closing(here.connect(pooled=True)) as one:
            assert ask(one, "SELECT pg_try_advisory_lock(1)") is True
            assert ask(other, "SELECT pg_try_advisory_lock(1)") is True
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert ask(other, held) == 1
        ask(other, "SELECT pg_advisory_unlock_all()")


@pytest.mark.parametrize(
    "nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01nonsense", b"\0\0\0\x08\0\0\0\0", b"?"]
)
def test_other_protocols_are_dropped(here: Neon, nonsense: bytes) -> None:
    address = ("127.0.0.1", here.front.port)
    with socket.create_connection(address, timeout=5) as connection, suppress(ConnectionError):
        connection.sendall(nonsense)
        while connection.recv(1024):
            pass
    assert here.ask("SELECT 1") == 1


def test_certificates_are_made_once_and_their_key_is_its_owner_s(tmp_path: Path) -> None:
    first, second = Certificates(tmp_path), Certificates(tmp_path)
    assert first.end_point == second.end_point
    assert stat.S_IMODE((tmp_path / "server.pem").stat().st_mode) == 0o600


def test_stopping_cuts_every_client_off(tmp_path: Path) -> None:
    with neon(tmp_path) as running:
        connection = running.connect()
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    with pytest.raises(psycopg2.OperationalError), closing(connection):
        ask(connection, "SELECT 1")
