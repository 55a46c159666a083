"""Branches of the local Neon: real copies that go their own ways, and leave nothing behind."""

import gc
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from dev import ROOT, Trouble
from dev.neon.cloud import Cloud
from dev.neon.computes.branches import Branches, Habits
from dev.neon.computes.contents import connected
from dev.postgres import HOST
from tests.neon_client import Api

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_psycopg2")]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("neon"), wake_delay=0) as running:
        yield running


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Api]:
    client = Api(cloud)
    ask(cloud, "DROP TABLE IF EXISTS notes; CREATE TABLE notes (id serial, words text)")
    ask(cloud, "INSERT INTO notes (words) VALUES ('first')")
    yield client
    client.clear()


def ask(cloud: Cloud, question: str, branch: str = "main", *, pooled: bool = False) -> Any:
    """One statement on one branch, through the front; returns the first row, if any."""
    with closing(psycopg2.connect(cloud.url(pooled=pooled, branch=branch))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone() if cursor.description else None


def processes_in(directory: Path) -> list[str]:
    """The commands that were started on a file in it."""
    command = ["ps", "-Aww", "-o", "command="]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  ours
    return [line for line in listed.stdout.splitlines() if f"{directory}/" in line]


def directory_of(cloud: Cloud, branch: str) -> Path:
    state = cloud.project.state
    return cloud.project.branches.compute(state.data[state.named(branch).id]).data.parent


@pytest.mark.parametrize("pooled", [False, True])
def test_a_branch_has_the_data_and_the_password_of_its_parent(
    cloud: Cloud, api: Api, *, pooled: bool
) -> None:
    api.branch("copy", endpoint=True)
    main, copy = (cloud.url(pooled=pooled, branch=name) for name in ("main", "copy"))
    assert main.split("@")[0] == copy.split("@")[0]
    assert main.split("@")[1] != copy.split("@")[1]
    assert ask(cloud, "SELECT id, words FROM notes", "copy", pooled=pooled) == (1, "first")


def test_parent_and_child_change_independently(cloud: Cloud, api: Api) -> None:
    api.branch("copy", endpoint=True)
    ask(cloud, "UPDATE notes SET words = 'child'", "copy")
    ask(cloud, "INSERT INTO notes (words) VALUES ('parent')")
    assert ask(cloud, "SELECT string_agg(words, ' ') FROM notes", "copy") == ("child",)
    assert ask(cloud, "SELECT string_agg(words, ' ') FROM notes") == ("first parent",)


def test_a_branch_of_a_branch_begins_where_that_stands(cloud: Cloud, api: Api) -> None:
    child = api.branch("child", endpoint=True)["branch"]["id"]
    ask(cloud, "UPDATE notes SET words = 'child'", "child")
    api.branch("grandchild", parent_id=child, endpoint=True)
    assert ask(cloud, "SELECT words FROM notes", "grandchild") == ("child",)


def test_a_sleeping_parent_is_copied_in_its_sleep(cloud: Cloud, api: Api) -> None:
    child = api.branch("asleep")["branch"]["id"]
    api.branch("grandchild", parent_id=child, endpoint=True)
    assert not (directory_of(cloud, "asleep") / "postgres" / "postmaster.pid").exists()
    assert ask(cloud, "SELECT words FROM notes", "grandchild") == ("first",)


def test_a_schema_only_branch_has_no_row(cloud: Cloud, api: Api) -> None:
    ask(cloud, "DROP MATERIALIZED VIEW IF EXISTS loud; SELECT lo_create(0)")
    ask(cloud, "CREATE MATERIALIZED VIEW loud AS SELECT upper(words) AS words FROM notes")
    api.branch("bare", init_source="schema-only", endpoint=True)
    assert ask(
        cloud, "SELECT count(*), count(lo.oid) FROM notes, pg_largeobject_metadata lo", "bare"
    ) == (0, 0)
    assert ask(cloud, "SELECT relispopulated FROM pg_class WHERE relname = 'loud'", "bare") == (
        False,
    )
    assert ask(cloud, "INSERT INTO notes (words) VALUES ('own') RETURNING id", "bare") == (1,)
    assert ask(cloud, "SELECT words FROM notes") == ("first",)
    ask(cloud, "DROP MATERIALIZED VIEW loud")


def test_a_protected_parent_keeps_its_password_to_itself(cloud: Cloud, api: Api) -> None:
    parent = api.branch("shielded")["branch"]["id"]
    api.patch(f"/branches/{parent}", protected=True)
    api.branch("copy", parent_id=parent, endpoint=True)
    assert (
        cloud.url(pooled=False).split("@")[0]
        != cloud.url(pooled=False, branch="copy").split("@")[0]
    )
    assert ask(cloud, "SELECT words FROM notes", "copy", pooled=True) == ("first",)


def test_a_reset_brings_the_parent_s_state_to_the_same_address(cloud: Cloud, api: Api) -> None:
    branch = api.branch("work", endpoint=True)["branch"]
    address = cloud.url(pooled=False, branch="work")
    ask(cloud, "DROP TABLE notes", "work")
    ask(cloud, "INSERT INTO notes (words) VALUES ('second')")
    wish = {"source_branch_id": branch["parent_id"], "preserve_under_name": "before"}
    api.post(f"/branches/{branch['id']}/restore", wish)
    api.settle()
    assert cloud.url(pooled=False, branch="work") == address
    assert ask(cloud, "SELECT count(*) FROM notes", "work") == (2,)
    kept = api.branches(search="before")[0]["id"]
    schema = api.get(f"/branches/{kept}/schema", db_name="neondb").json["sql"]
    assert "TABLE public.notes" not in schema


def test_schemas_are_shown_and_compared(cloud: Cloud, api: Api) -> None:
    path = f"/branches/{api.branch('work', endpoint=True)['branch']['id']}"
    assert api.get(f"{path}/compare_schema", db_name="neondb").json == {"diff": ""}
    ask(cloud, "ALTER TABLE notes ADD done boolean", "work")
    difference = api.get(f"{path}/compare_schema", db_name="neondb").json["diff"]
    assert difference.startswith("--- main\n+++ work\n")
    assert "+    done boolean" in difference
    assert "CREATE TABLE public.notes" in api.get(f"{path}/schema", db_name="neondb").json["sql"]
    assert api.get(f"{path}/schema", db_name="other").status == 404


def test_deleting_a_branch_frees_its_disk_its_processes_and_its_ports(
    cloud: Cloud, api: Api
) -> None:
    made = api.branch("gone", endpoint=True)
    compute = cloud.project.wake(made["branch"]["id"])
    directory, ports = directory_of(cloud, "gone"), {compute.direct, compute.pooled}
    assert processes_in(directory)
    api.delete(f"/branches/{made['branch']['id']}")
    api.settle()
    assert not directory.exists()
    assert not processes_in(directory)
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port))


def test_a_branch_that_cannot_be_copied_leaves_nothing(cloud: Cloud, api: Api) -> None:
    cloud.api_faults.failing_operations = 1
    before = set((directory_of(cloud, "main").parent).iterdir())
    made = api.branch("doomed", endpoint=True)
    assert set((directory_of(cloud, "main").parent).iterdir()) == before
    with pytest.raises(psycopg2.OperationalError, match="running operations"):
        psycopg2.connect(cloud.url(pooled=False, branch=made["branch"]["name"]))


def test_a_disabled_endpoint_lets_nobody_in(cloud: Cloud, api: Api) -> None:
    id = api.branch("closed", endpoint=True)["endpoints"][0]["id"]
    cloud.project.state.endpoint(id).change(disabled=True)
    with pytest.raises(psycopg2.OperationalError, match="endpoint is disabled"):
        psycopg2.connect(cloud.url(pooled=True, branch="closed"))


def test_a_directory_is_one_process_s(cloud: Cloud) -> None:
    with pytest.raises(Trouble, match="in use"):
        Cloud(cloud.directory).start()


def test_a_branch_that_nobody_uses_sleeps_until_somebody_does(tmp_path: Path) -> None:
    with Cloud(tmp_path, wake_delay=0, suspend_after=0.4) as cloud:
        api = Api(cloud)
        (endpoint,) = api.get("/endpoints").json["endpoints"]
        end = time.monotonic() + 10
        while endpoint["current_state"] == "active" and time.monotonic() < end:
            time.sleep(0.1)
            endpoint = api.get(f"/endpoints/{endpoint['id']}").json["endpoint"]
        assert endpoint["current_state"] == "idle"
        assert ask(cloud, "SELECT 1", pooled=True) == (1,)
        assert api.get("/endpoints").json["endpoints"][0]["current_state"] == "active"


def test_a_branch_stays_awake_while_it_is_made(tmp_path: Path) -> None:
    def amend(url: str) -> None:
        with connected(url) as session:
            session.execute("SELECT pg_sleep(2)")

    assert Branches(tmp_path, Habits(suspend_after=0.4)).make(amend)


def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "branches").touch()
    with pytest.raises(FileExistsError):
        Cloud(tmp_path).start()
    gc.collect()  # a socket left open would be an error


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    with Cloud(tmp_path, wake_delay=0) as first:
        Api(first).branch("kept", endpoint=True)
        ask(first, "CREATE TABLE kept AS SELECT 42 AS n", "kept")
        key = first.api_key
    assert not processes_in(tmp_path)
    with Cloud(tmp_path, wake_delay=0) as second:
        assert second.api_key == key
        assert ask(second, "SELECT n FROM kept", "kept", pooled=True) == (42,)


KILLED = """
import os, sys, time
from pathlib import Path
from dev.neon.cloud import Cloud
from dev.postgres import HOST
from tests.neon_client import Api

cloud = Cloud(Path(sys.argv[1]), wake_delay=0)
cloud.start()
api = Api(cloud)
api.branch("whole", endpoint=True)
cloud.api_faults.operation_seconds = 60
api.post("/branches", {"branch": {"name": "half"}})
(Path(sys.argv[1]) / "branches" / "half-made").mkdir()
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_after_a_kill_the_next_start_leaves_nothing_behind(tmp_path: Path) -> None:
    killed = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = subprocess.run(killed, cwd=ROOT, check=False)  # noqa: S603  ourselves
    assert done.returncode == -signal.SIGKILL
    assert processes_in(tmp_path)
    with Cloud(tmp_path, wake_delay=0) as cloud:
        assert [row["name"] for row in Api(cloud).branches(sort_by="name")] == ["whole", "main"]
        assert Api(cloud).settle()[0] == "cancelled"
        assert len(list((tmp_path / "branches").iterdir())) == 2
        assert ask(cloud, "SELECT 1", "whole", pooled=True) == (1,)
    assert not processes_in(tmp_path)


@pytest.mark.slow
def test_a_branch_of_100_mb_is_made(cloud: Cloud, api: Api) -> None:
    rows = "SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, 560000) n"
    ask(cloud, f"CREATE TABLE big AS {rows}")
    assert ask(cloud, "SELECT pg_database_size('neondb') > 100e6") == (True,)
    begun = time.monotonic()
    api.branch("big", endpoint=True)
    assert ask(cloud, "SELECT count(*) FROM big", "big") == (560_000,)
    print(f"a branch of 100 MB: {time.monotonic() - begun:.2f} s")  # noqa: T201  with pytest -s
    ask(cloud, "DELETE FROM big", "big")
    assert ask(cloud, "SELECT count(*) FROM big") == (560_000,)
    ask(cloud, "DROP TABLE big")
