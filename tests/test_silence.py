"""What callers are told when the database says nothing, and when it says no for good."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy.engine import make_url

from dev.events import Request
from dev.lambda_function import TIMEOUT
from dev.neon.proxy.known_faults import KNOWN, REFUSAL
from dev.prove._cold_sandbox import Sandbox
from dev.prove._silence_cases import changed
from dev.prove._silence_network import Network
from tests.neon import Neon, neon
from tests.people import Person
from tests.problem import refused
from tests.processes import fresh_engine

PAY: dict[str, Any] = {"json": {"title": "Pay"}}
KEYED = {**PAY, "headers": {"Idempotency-Key": "pay"}}

FOR_GOOD = {
    "max_client_conn": "database_connections",
    "not_found": "database_missing",
    "disabled": "database_disabled",
    "quota": "database_quota",
    "active_endpoints": "database_quota",
    "protected_role": "database_password",
}
"""Neon's refusals that no retry mends, and the codes by which operators know them."""

every_silence = pytest.mark.parametrize(
    "hush", [Network.fall_silent, Network.turn_away], ids=["unanswered", "not accepted"]
)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Between the app and Postgres; a request waits for a second."""
    url = os.environ["DATABASE_URL"]
    with Network(make_url(url).port or 5432) as between:
        monkeypatch.setenv("DATABASE_URL", changed(url, port=between.port))
        monkeypatch.setenv("REQUEST_TIMEOUT", "1")
        with fresh_engine():
            yield between


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neon]:
    with neon(tmp_path_factory.mktemp("neon")) as running:
        yield running


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory where processes find the bytecode of all that they import."""
    directory = tmp_path_factory.mktemp("sandbox")
    with Sandbox(directory, {}) as sandbox:
        sandbox.ready()
    return directory


def code(answer: Any) -> str:
    return str(refused(answer, 503)["code"])


@every_silence
def test_a_database_that_cannot_be_reached_is_said_to_be_waking(
    owner: Person, network: Network, hush: Callable[[Network], None]
) -> None:
    hush(network)
    answers = [owner.get("tasks"), owner.post("tasks", **PAY)]
    assert [code(answer) for answer in answers] == ["database_waking"] * 2
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    network.heal()
    assert owner.titles() == []


def test_a_read_into_silence_is_answered_and_can_be_repeated(
    owner: Person, network: Network
) -> None:
    owner.add("Pay")
    network.fall_silent()
    assert code(owner.get("tasks")) == "database_unavailable"
    network.heal()
    assert owner.titles() == ["Pay"]


def test_a_write_into_silence_may_happen_when_its_caller_has_gone(
    owner: Person, network: Network
) -> None:
    owner.get("tasks")
    network.fall_silent()
    assert code(owner.post("tasks", **PAY)) == "outcome_unknown"
    network.heal()
    until_there(owner, "Pay")


def test_with_a_key_it_happens_once_whichever_is_first(owner: Person, network: Network) -> None:
    owner.get("tasks")
    network.fall_silent()
    assert code(owner.post("tasks", **KEYED)) == "outcome_unknown"
    network.heal()
    assert owner.post("tasks", **KEYED).status_code in {201, 409}  # 409 while the first one runs
    until_there(owner, "Pay")
    assert owner.post("tasks", **KEYED).status_code == 201
    assert owner.titles() == ["Pay"]


def until_there(owner: Person, title: str) -> None:
    for _ in range(2_000):
        if owner.titles() == [title]:
            return
    raise AssertionError("it did not happen")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"password": "guessed"}, "database_password"),
        ({"database": "nowhere"}, "database_missing"),
    ],
    ids=str,
)
def test_a_wrong_url_is_tried_once_for_each_request(
    owner: Person,
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, str],
    named: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", changed(os.environ["DATABASE_URL"], **wrong))
    with fresh_engine():
        answers = [owner.get("tasks"), owner.post("tasks", **PAY)]
    assert [code(answer) for answer in answers] == [named] * 2
    assert network.connections == 2


def test_all_that_neon_says_for_good_is_known() -> None:
    final = {name for name, known in REFUSAL.items() if "do not try again" in known.explanation}
    assert FOR_GOOD.keys() == final


@pytest.mark.parametrize("name", FOR_GOOD)
def test_what_neon_says_for_good_is_not_asked_twice(
    owner: Person, elsewhere: Neon, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    elsewhere.faults.add(KNOWN[name].fault, times=None)
    with Network(elsewhere.front.port) as network:
        monkeypatch.setenv("DATABASE_URL", url(elsewhere, network.port))
        with fresh_engine():
            answers = [owner.get("tasks"), owner.post("tasks", **PAY)]
    elsewhere.faults.clear()
    assert [code(answer) for answer in answers] == [FOR_GOOD[name]] * 2
    assert network.connections == 2


def url(running: Neon, port: int) -> str:
    known = running.parameters(pooled=True, port=port)
    user, password, host, name = (
        known.pop(each) for each in ("user", "password", "host", "dbname")
    )
    del known["port"]
    return f"postgresql://{user}:{password}@{host}:{port}/{name}?{urlencode(known)}"


def asked(
    sandbox: Sandbox, method: str, owner: Person, timeout: float = TIMEOUT
) -> tuple[int, Any]:
    """Status and content of the answer of another process."""
    headers = [("Authorization", owner.headers["authorization"])]
    headers.append(("Content-Type", "application/json"))
    body = b"" if method == "GET" else json.dumps(PAY["json"]).encode()
    answer = sandbox.send(Request(method, "/api/me/tasks", headers, body), timeout)
    assert answer, "its platform has killed it"
    return answer.response.status, json.loads(answer.response.body)


def test_a_process_whose_knock_failed_on_the_password_does_not_try_it_again(
    owner: Person, network: Network, compiled: Path
) -> None:
    wrong = changed(os.environ["DATABASE_URL"], password="guessed")  # noqa: S106  that is what it is
    with Sandbox(compiled, {"DATABASE_URL": wrong}) as sandbox:
        sandbox.ready()
        for number, method in enumerate(("GET", "POST"), 1):
            status, problem = asked(sandbox, method, owner)
            assert (status, problem["code"]) == (503, "database_password")
            assert network.connections == number


@pytest.mark.slow
@every_silence
def test_a_process_that_knocked_into_silence_answers_in_time_and_recovers(
    owner: Person, network: Network, compiled: Path, hush: Callable[[Network], None]
) -> None:
    hush(network)
    with Sandbox(compiled, {"REQUEST_TIMEOUT": "25"}) as sandbox:
        sandbox.ready()
        for method in ("GET", "POST"):
            status, problem = asked(sandbox, method, owner, timeout=2)
            assert (status, problem["code"]) == (503, "database_waking")
        network.heal()
        assert asked(sandbox, "POST", owner)[0] == 201
    assert owner.titles() == ["Pay"]
