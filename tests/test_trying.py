"""What is tried again, how often, and how long the pauses are."""

import math
import time

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, OperationalError

from app import trying, waiting
from app.causes import BY_SQLSTATE, SPEECHLESS, cause, speechless
from app.refusals import known
from dev.neon.proxy.known_faults import REFUSAL

TABLE = {
    "compute_unreachable": ("database_waking", math.inf),
    "control_plane": ("database_waking", 3),
    "running_operations": ("database_waking", math.inf),
    "unavailable": ("database_quota", 1),
    "permit": ("database_waking", math.inf),
    "too_many_connections": ("database_connections", 2),
    "too_many_wakes": ("database_connections", 1),
    "rate_limited": ("database_connections", 1),
    "auth_timeout": ("database_waking", 1),
    "internal_error": ("database_waking", 1),
    "starting_up": ("database_waking", math.inf),
    "shutting_down": ("database_waking", math.inf),
    "no_slots": ("database_connections", 2),
    "max_client_conn": ("database_connections", 0),
    "not_found": ("database_missing", 0),
    "disabled": ("database_disabled", 0),
    "quota": ("database_quota", 0),
    "active_endpoints": ("database_quota", 0),
    "protected_role": ("database_password", 0),
}
"""Each refusal of the local Neon by its name: what it is called, and how many more tries."""


def could_not_connect(words: str) -> DBAPIError:
    return OperationalError(None, None, psycopg2.OperationalError(words))


def test_the_table_knows_every_refusal() -> None:
    assert TABLE.keys() == REFUSAL.keys()


@pytest.mark.parametrize("name", TABLE)
def test_a_refusal_is_known_by_its_words(name: str) -> None:
    why = cause(could_not_connect(f"ERROR:  {getattr(REFUSAL[name].fault, 'text', '')}\n"))
    assert why
    assert (why.code, why.tries) == TABLE[name]


@pytest.mark.parametrize(
    ("words", "code", "tries"),
    [
        ('FATAL:  database "x" does not exist', "database_missing", 0),
        ('could not translate host name "x": Name or service not known', "database_missing", 0),
        ('root certificate file "/x" does not exist', "database_settings", 0),
        ("channel binding is required, but server did not offer", "database_settings", 0),
        ("unsupported startup parameter in options: search_path", "database_settings", 0),
        ("Connection refused\n\tIs the server running", "database_waking", math.inf),
        ("words that nobody knows", "database_refused", 0),
    ],
)
def test_libpq_and_the_pooler_are_known_by_their_words_too(
    words: str, code: str, tries: float
) -> None:
    why = speechless(words)
    assert (why.code, why.tries) == (code, tries)


def test_what_could_not_be_sent_is_not_lost() -> None:
    """SQLAlchemy takes these words for a lost connection, at any stage."""
    words = "server closed the connection unexpectedly"
    refused = OperationalError(
        None, None, psycopg2.OperationalError(words), connection_invalidated=True
    )
    sent = OperationalError(
        "SELECT", None, psycopg2.OperationalError(words), connection_invalidated=True
    )
    assert [why and why.lost for why in (cause(refused), cause(sent))] == [False, True]


def test_every_cause_has_a_problem_of_its_code() -> None:
    for why in [*(why for why, _ in SPEECHLESS), *BY_SQLSTATE.values()]:
        assert known(why.code).status == 503


def test_a_try_is_repeated_as_often_as_its_cause_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    tries = trying.Tries()
    crowded = could_not_connect("sorry, too many clients already")
    assert [tries.again(crowded) for _ in range(3)] == [True, True, False]
    assert tries.again(could_not_connect("Connection refused"))
    assert not tries.again(could_not_connect("password authentication failed"))
    assert not tries.lost


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("server closed the connection unexpectedly", 0), ("Too many connections attempts", 1)],
)
def test_who_was_cut_off_is_back_at_once_and_who_is_one_too_many_is_not(
    words: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert trying.Tries().again(could_not_connect(words))
    assert pauses == [seconds]


@given(failed=st.integers(1, 10_000), least=st.sampled_from([0.0, 1.0]))
def test_a_pause_is_none_at_first_and_then_grows_to_half_a_second(
    failed: int, least: float
) -> None:
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", slept.append)
        for draw in (min, max):
            patch.setattr(trying.chance, "uniform", lambda *ends, draw=draw: draw(ends))
            assert trying.pause(failed, least)
    most = 0 if failed == 1 else min(0.5, 0.02 * 2 ** min(failed, 99))
    assert slept == [least, least + most]


def test_nobody_pauses_beyond_the_deadline() -> None:
    with waiting.until(time.time() + 1):
        assert not trying.pause(1, least=1.0)
        with waiting.until(math.inf):
            assert waiting.left() <= 1
    assert waiting.left() == math.inf
