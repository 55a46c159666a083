"""A real PgBouncer in transaction mode, set as Neon sets it, in front of one Postgres."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dev import Trouble
from dev.locks import claim, share
from dev.programs import as_owner, hand_over

HOST = "127.0.0.1"
PLACES = "/usr/sbin:/usr/local/sbin"  # where Debian puts it, which only root has on PATH
START = 5.0  # seconds


@dataclass(frozen=True)
class Settings:
    """Neon's, at its smallest compute: 104 connections, of which a pool gets nine in ten."""

    default_pool_size: int = 93
    max_client_conn: int = 10_000
    query_wait_timeout: int = 120
    server_login_retry: int = 15
    auth_dbname: str = "postgres"
    max_prepared_statements: int = 1000


SINCE = {"auth_dbname": (1, 19), "max_prepared_statements": (1, 21)}
"""A version that does not know a setting refuses to start."""

CONFIGURATION = """\
[databases]
* = host={host} port={postgres} application_name=pgbouncer
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_user = postgres
auth_file = {users}
pidfile = {pid}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""
"""auth_user looks the password of any other role up in Postgres itself."""


def program() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:{PLACES}")


class PgBouncer:
    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory = directory.absolute()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self, postgres: int, password: str) -> None:
        """Serve the Postgres at that port; the password is its superuser's."""
        self.end_orphan()
        hand_over(self._directory)
        self.port = _free_port()
        users = self._private("users", f'"postgres" "{password}"\n')
        settings = self._private("ini", self._configuration(postgres, users))
        with share(self._beside("lock")) as lock, self._beside("log").open("ab") as log:
            self._process = subprocess.Popen(
                [*as_owner(self._directory), str(program()), settings],
                pass_fds=[lock.fileno()],  # held for as long as it lives, whoever else dies
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us, who end things in their order
            )
        self._await_answer(self._process)

    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it without a word to its clients, as Neon does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def end_orphan(self) -> None:
        """End the PgBouncer that a killed process of ours has left in this directory.

        As long as it lives it holds the lock it was born with, so the pid in its file is its own.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with share(self._beside("lock")) as lock:
            while not claim(lock):
                with suppress(OSError, ValueError):
                    os.kill(int(self._beside("pid").read_text()), signal.SIGKILL)
                time.sleep(0.01)
        self._beside("pid").unlink(missing_ok=True)  # it would not start beside a reused pid

    def _configuration(self, postgres: int, users: Path) -> str:
        text = CONFIGURATION.format(
            host=HOST, postgres=postgres, port=self.port, users=users, pid=self._beside("pid")
        )
        known = _version()
        settings = asdict(self._settings).items()
        lines = [f"{key} = {value}\n" for key, value in settings if SINCE.get(key, known) <= known]
        return text + "".join(lines)

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                socket.create_connection((HOST, self.port)).close()
                return
            time.sleep(0.01)
        self.kill()
        last = self._beside("log").read_text().splitlines()[-4:]
        raise Trouble("\n".join(["PgBouncer does not start.", *last]))

    def _private(self, ending: str, text: str) -> Path:
        path = self._beside(ending)
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _beside(self, ending: str) -> Path:
        return self._directory / f"pgbouncer.{ending}"


def _version() -> tuple[int, int]:
    said = subprocess.run([str(program()), "--version"], check=True, capture_output=True, text=True)
    found = re.search(r"(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (1, 0)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
