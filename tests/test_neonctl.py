"""Neon's own command line takes the local Neon for the real one."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from dev.neon.cloud import Cloud
from dev.neon.neonctl import neonctl
from tests.needs import needs, node
from tests.neon_client import Api

pytestmark = [pytest.mark.slow, needs(node)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("neon"), wake_delay=0) as running:
        yield running


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Api]:
    client = Api(cloud)
    yield client
    cloud.api_faults.answers.clear()
    client.clear()


def run(cloud: Cloud, *arguments: str) -> str:
    done = neonctl(cloud, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def names(cloud: Cloud) -> set[str]:
    return {row["name"] for row in json.loads(run(cloud, "branches", "list", "--output=json"))}


def ask(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, uri: str, question: str) -> Any:
    """With the port and address that Neon's names would lead to."""
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(urlsplit(cloud.url(pooled=False)).port))
    with closing(psycopg2.connect(uri)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()


@pytest.mark.parametrize("pooled", [False, True])
def test_a_branch_is_made_listed_connected_to_and_deleted(
    cloud: Cloud, api: Api, monkeypatch: pytest.MonkeyPatch, *, pooled: bool
) -> None:
    run(cloud, "branches", "create", "--name=pr-1")
    api.settle()
    assert names(cloud) == {"main", "pr-1"}
    uri = run(cloud, "connection-string", "pr-1", *(["--pooled"] if pooled else []))
    assert ("-pooler." in uri) == pooled
    assert "channel_binding=require" in uri
    assert ask(monkeypatch, cloud, uri, "SELECT current_user::text") == ("neondb_owner",)
    run(cloud, "branches", "delete", "pr-1")
    api.settle()
    assert names(cloud) == {"main"}


def test_schemas_differ_until_the_branch_is_reset(
    cloud: Cloud, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(cloud, "branches", "create", "--name=pr-2")
    api.settle()
    uri = run(cloud, "connection-string", "pr-2")
    ask(monkeypatch, cloud, uri, "CREATE TABLE novelty (); SELECT 1")
    assert "+CREATE TABLE public.novelty" in run(cloud, "branches", "schema-diff", "main", "pr-2")
    run(cloud, "branches", "reset", "pr-2", "--parent")
    api.settle()
    assert "novelty" not in run(cloud, "branches", "schema-diff", "main", "pr-2")
    assert ask(monkeypatch, cloud, uri, "SELECT to_regclass('novelty')") == (None,)


def test_a_schema_only_branch_with_an_end_is_made(cloud: Cloud, api: Api) -> None:
    end = "2199-01-01T00:00:00Z"
    command = ["branches", "create", "--name=pr-3", "--schema-only"]
    assert "30 days" in neonctl(cloud, *command, f"--expires-at={end}").stderr
    run(cloud, *command)
    (made,) = api.branches(search="pr-3")
    assert made["init_source"] == "schema-only"


@pytest.mark.usefixtures("api")
def test_a_name_that_is_taken_or_unknown_is_told_plainly(cloud: Cloud) -> None:
    assert "already exists" in neonctl(cloud, "branches", "create", "--name=main").stderr
    assert "Branch pr-9 not found" in neonctl(cloud, "branches", "delete", "pr-9").stderr
    assert "branch not found" in neonctl(cloud, "branches", "get", "br-no-such-00000000").stderr


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("status", "words"),
    [(423, "conflicting operations"), (429, "rate limit"), (503, "unavailable")],
)
def test_a_refusal_is_passed_on(cloud: Cloud, status: int, words: str) -> None:
    cloud.api_faults.answers.extend([status] * 12)  # it may try again
    done = neonctl(cloud, "branches", "list")
    assert done.returncode == 1
    assert words in done.stderr


def test_it_comes_again_when_operations_are_under_way(cloud: Cloud, api: Api) -> None:
    cloud.api_faults.operation_seconds = 5  # longer than Node takes to start
    api.post("/branches")
    done = neonctl(cloud, "branches", "create", "--name=pr-4")
    cloud.api_faults.operation_seconds = 0
    assert done.returncode == 0
    assert "Waiting" in done.stderr
