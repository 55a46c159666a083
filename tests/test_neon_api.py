"""The local Neon's API, answer by answer."""

import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev.neon.cloud import Cloud
from dev.neon.project.api_faults import ApiFaults
from tests.neon_client import Api

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("neon"), wake_delay=0) as running:
        yield running


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Api]:
    """Every test begins with main alone, and with no fault set."""
    client = Api(cloud)
    yield client
    cloud.api_faults.__dict__.update(ApiFaults().__dict__)
    client.clear()


def main_id(api: Api) -> str:
    return next(str(row["id"]) for row in api.branches() if row["default"])


def in_time(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat(timespec="seconds")


def test_a_wrong_key_is_refused(cloud: Cloud) -> None:
    stranger = Api(cloud)
    stranger.key = "wrong"
    assert stranger.get("/branches").status == 401


def test_only_the_owner_can_read_the_key_and_the_passwords(cloud: Cloud) -> None:
    for name in ("api.key", "state.json"):
        file = cloud.directory / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_there_is_one_project(api: Api, cloud: Cloud) -> None:
    assert [row["id"] for row in api.call("GET", "/projects").json["projects"]] == [
        cloud.project_id
    ]
    assert api.get("").json["project"]["id"] == cloud.project_id
    assert api.call("GET", "/projects/other").status == 404


def test_a_path_that_is_not_served_is_refused_in_neon_s_shape(api: Api) -> None:
    assert api.call("GET", "/auth").status == 404


def test_a_branch_without_an_endpoint_has_no_way_in(api: Api) -> None:
    made = api.branch("quiet")
    assert made["branch"]["current_state"] == "init"
    assert made["branch"]["parent_id"] == main_id(api)
    assert made["endpoints"] == []
    assert "connection_uris" not in made
    assert [row["action"] for row in made["operations"]] == ["create_branch"]
    assert api.branches(search="quiet")[0]["current_state"] == "ready"


def test_a_branch_with_an_endpoint_says_how_to_connect(api: Api) -> None:
    made = api.branch("loud", endpoint=True)
    (endpoint,), (way,) = made["endpoints"], made["connection_uris"]
    assert endpoint["host"] == f"{endpoint['id']}.us-east-2.aws.neon.tech"
    assert f"@{endpoint['host']}:" in way["connection_uri"]
    assert way["connection_parameters"]["pooler_host"].startswith(f"{endpoint['id']}-pooler.")
    assert [row["action"] for row in made["operations"]] == ["create_branch", "start_compute"]
    assert api.get(f"/endpoints/{endpoint['id']}").json["endpoint"]["current_state"] == "active"


def test_a_branch_needs_no_wish_at_all(api: Api) -> None:
    made = api.post("/branches")
    assert made.status == 201
    assert made.json["branch"]["name"] == made.json["branch"]["id"]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"name": "main"}, 409),
        ({"parent_id": "br-no-such-00000000"}, 404),
        ({"parent_lsn": "0/1DE2850"}, 422),
        ({"parent_timestamp": "2026-01-01T00:00:00Z"}, 422),
        ({"init_source": "import"}, 400),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400),
        ({"expires_at": "2199-01-01T00:00:00Z"}, 400),
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_met_is_refused(api: Api, wish: Any, status: int) -> None:
    assert api.post("/branches", {"branch": wish}).status == status
    assert len(api.branches()) == 1


def test_the_number_of_branches_is_limited(api: Api, cloud: Cloud) -> None:
    cloud.api_faults.branches = 1
    refused = api.post("/branches")
    assert (refused.status, refused.json["code"]) == (422, "BRANCHES_LIMIT_EXCEEDED")


def test_a_schema_only_branch_is_a_root(api: Api) -> None:
    assert "parent_id" not in api.branch("bare", init_source="schema-only")["branch"]


def test_nothing_is_changed_while_operations_run(api: Api, cloud: Cloud) -> None:
    cloud.api_faults.operation_seconds = 2
    made = api.post("/branches", {"branch": {"name": "slow"}}).json
    assert api.post("/branches").status == 423
    assert api.delete(f"/branches/{made['branch']['id']}").status == 423
    (operation,) = made["operations"]
    assert operation["status"] == "scheduling"
    time.sleep(0.2)
    path = f"/operations/{operation['id']}"
    assert api.get(path).json["operation"]["status"] == "running"
    api.settle()
    done = api.get(path).json["operation"]
    assert done["status"] == "finished"
    assert done["total_duration_ms"] >= 2000


def test_an_operation_that_fails_cancels_those_after_it(api: Api, cloud: Cloud) -> None:
    cloud.api_faults.failing_operations = 1
    id = api.branch("doomed", endpoint=True)["branch"]["id"]
    assert api.settle()[:2] == ["cancelled", "failed"]
    assert api.get(f"/branches/{id}").json["branch"]["current_state"] == "init"
    assert api.post("/branches", {"branch": {"parent_id": id}}).status == 422
    assert api.delete(f"/branches/{id}").status == 200


def test_a_rate_limit_says_when_to_come_again(api: Api, cloud: Cloud) -> None:
    cloud.api_faults.requests_a_minute = 0
    refused = api.get("/branches")
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60


@pytest.mark.parametrize("status", [423, 429, 500, 503])
def test_the_next_requests_can_be_made_to_fail(api: Api, cloud: Cloud, status: int) -> None:
    cloud.api_faults.answers.extend([status, status])
    assert [api.get("/branches").status for _ in range(3)] == [status, status, 200]


def test_branches_come_in_pages_sorted_as_asked(api: Api) -> None:
    for name in ("b", "a", "c"):
        api.branch(name)
    seen: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/branches", sort_by="name", sort_order="asc", limit=3, **cursor).json
        seen.append([row["name"] for row in page["branches"]])
        if "next" not in page["pagination"]:
            break
        cursor = {"cursor": page["pagination"]["next"]}
    assert seen == [["a", "b", "c"], ["main"]]
    backwards = api.branches(sort_by="name", sort_order="desc")
    assert [row["name"] for row in backwards] == ["main", "c", "b", "a"]


def test_a_search_finds_parts_of_names_and_ids(api: Api) -> None:
    made = api.branch("feature-7")["branch"]
    assert [row["id"] for row in api.branches(search="ture-7")] == [made["id"]]
    assert [row["id"] for row in api.branches(search=made["id"][3:])] == [made["id"]]
    assert api.get("/branches/count", search="none").json == {"count": 0}


def test_a_page_that_makes_no_sense_is_refused(api: Api) -> None:
    assert api.get("/branches", cursor="?").status == 400
    assert api.get("/branches", sort_by="size").status == 400
    assert api.get("/branches", limit=0).status == 400


def test_a_branch_is_renamed_and_protected(api: Api) -> None:
    path = f"/branches/{api.branch('old')['branch']['id']}"
    changed = api.patch(path, name="new", protected=True).json["branch"]
    assert (changed["name"], changed["protected"]) == ("new", True)
    assert api.get(path).json["branch"]["name"] == "new"
    assert api.patch(path, name="main").status == 409
    assert api.delete(path).status == 422
    assert api.patch("/branches/br-no-such-00000000", name="x").status == 404


def test_a_branch_goes_when_its_time_is_up(api: Api) -> None:
    path = f"/branches/{api.branch('short', expires_at=in_time(days=1))['branch']['id']}"
    assert "ttl_interval_seconds" in api.get(path).json["branch"]
    assert "expires_at" not in api.patch(path, expires_at=None).json["branch"]
    api.patch(path, expires_at=in_time(seconds=1.5))
    end = time.monotonic() + 10
    while api.get(path).status == 200 and time.monotonic() < end:
        time.sleep(0.1)
    assert api.get(path).status == 404


def test_the_default_branch_neither_expires_nor_is_deleted(api: Api) -> None:
    path = f"/branches/{main_id(api)}"
    assert api.patch(path, expires_at=in_time(days=1)).status == 422
    assert api.delete(path).status == 422


def test_a_branch_is_deleted_once_and_gone_ever_after(api: Api) -> None:
    path = f"/branches/{api.branch('gone', endpoint=True)['branch']['id']}"
    deleted = api.delete(path)
    assert [row["action"] for row in deleted.json["operations"]] == [
        "suspend_compute",
        "delete_timeline",
    ]
    api.settle()
    assert api.get(path).status == 404
    assert api.delete(path).status == 204


def test_a_parent_is_neither_deleted_nor_reset_over_its_children(api: Api) -> None:
    parent = api.branch("parent")["branch"]["id"]
    child = api.branch("child", parent_id=parent)["branch"]["id"]
    assert api.delete(f"/branches/{parent}").status == 422
    wish = {"source_branch_id": main_id(api)}
    assert api.post(f"/branches/{parent}/restore", wish).status == 422
    taken = {**wish, "preserve_under_name": "child"}
    assert api.post(f"/branches/{parent}/restore", taken).status == 409
    kept = {**wish, "preserve_under_name": "before"}
    assert api.post(f"/branches/{parent}/restore", kept).status == 200
    api.settle()
    (before,) = api.branches(search="before")
    assert before["parent_id"] == main_id(api)
    assert api.get(f"/branches/{child}").json["branch"]["parent_id"] == before["id"]
    assert "last_reset_at" in api.get(f"/branches/{parent}").json["branch"]


def test_there_is_no_history_to_restore(api: Api) -> None:
    id = api.branch("young")["branch"]["id"]
    path = f"/branches/{id}/restore"
    assert api.post(path, {"source_branch_id": id}).status == 422
    past = {"source_branch_id": main_id(api), "source_timestamp": "2026-01-01T00:00:00Z"}
    assert api.post(path, past).status == 422


def test_an_endpoint_sleeps_and_wakes(api: Api) -> None:
    id = api.branch("tired", endpoint=True)["endpoints"][0]["id"]
    assert id in [row["id"] for row in api.get("/endpoints").json["endpoints"]]
    for order, state in (("suspend", "idle"), ("start", "active"), ("restart", "active")):
        assert api.post(f"/endpoints/{id}/{order}").status == 200
        assert api.settle()[0] == "finished"
        assert api.get(f"/endpoints/{id}").json["endpoint"]["current_state"] == state
    assert api.post("/endpoints/ep-no-such-00000000/start").status == 404


def test_a_connection_uri_is_pooled_or_not(api: Api) -> None:
    wish = {"database_name": "neondb", "role_name": "neondb_owner"}
    assert "-pooler." in api.get("/connection_uri", **wish, pooled="true").json["uri"]
    direct = api.get("/connection_uri", **wish).json["uri"]
    assert "-pooler." not in direct
    assert direct.endswith("/neondb?sslmode=require&channel_binding=require")
    quiet = api.branch("quiet")["branch"]["id"]
    for wrong in ({"database_name": "x"}, {"role_name": "x"}, {"branch_id": quiet}):
        assert api.get("/connection_uri", **{**wish, **wrong}).status == 404


def test_roles_and_databases_are_told_without_passwords(api: Api) -> None:
    path = f"/branches/{main_id(api)}"
    (role,) = api.get(f"{path}/roles").json["roles"]
    (database,) = api.get(f"{path}/databases").json["databases"]
    assert "password" not in role
    assert (role["name"], database["name"]) == ("neondb_owner", "neondb")
    assert api.get(f"{path}/roles/neondb_owner").json == {"role": role}
    assert api.get(f"{path}/databases/neondb").json == {"database": database}
    assert len(api.get(f"{path}/endpoints").json["endpoints"]) == 1
    secret = api.get(f"{path}/roles/neondb_owner/reveal_password").json["password"]
    uri = api.get("/connection_uri", database_name="neondb", role_name="neondb_owner").json["uri"]
    assert f":{secret}@" in uri
    assert api.get(f"{path}/roles/nobody/reveal_password").status == 404


def test_operations_come_in_pages_the_newest_first(api: Api) -> None:
    api.branch("one")
    api.branch("two")
    everything = api.get("/operations").json["operations"]
    first = api.get("/operations", limit=1).json
    second = api.get("/operations", limit=1, cursor=first["pagination"]["cursor"]).json
    assert first["operations"] + second["operations"] == everything[:2]
    assert api.get("/operations/00000000-0000-0000-0000-000000000000").status == 404
