"""What was deleted long enough ago leaves for good, a few rows at a time, through three doors."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor
from sqlalchemy.exc import OperationalError

from app.aws import handler
from app.context import Facts, facts
from app.main import app
from app.purge import purging, writes
from app.settings import SettingsError, get_settings
from dev.lambda_function import Context
from dev.purge import purge as command
from dev.wire import CountingProxy
from tests.concurrency import at_once, end_our_sessions, open_transaction, wait_for_a_lock
from tests.people import Person
from tests.problem import refused

SECRET = "a-secret-that-nobody-guesses"  # noqa: S105  of this test only
ADD = {
    "conversations": "INSERT INTO conversations (id, user_id, deleted_at)"
    " VALUES (%(id)s, %(me)s, now() - %(age)s::interval)",
    "documents": "INSERT INTO documents (id, user_id, title, deleted_at)"
    " VALUES (%(id)s, %(me)s, 'Plan', now() - %(age)s::interval)",
    "tasks": "INSERT INTO tasks (id, user_id, title, deleted_at)"
    " VALUES (%(id)s, %(me)s, 'Plan', now() - %(age)s::interval)",
    "tombstones": "INSERT INTO tombstones (user_id, created_at)"
    " VALUES (%(id)s, now() - %(age)s::interval)",
    "operations": "INSERT INTO operations"
    " (user_id, key, fingerprint, result_ids, wanted, done, created_at)"
    " VALUES (%(me)s, %(id)s, '', '{}', 1, 1, now() - %(age)s::interval)",
}
TABLES = ["operations", "tombstones", "tasks", "documents", "messages", "conversations"]
"""In the order in which they are purged: those that take longest come last."""
NOTHING: dict[str, Any] = {"purged": {}, "left": []}


@pytest.fixture(autouse=True)
def nothing_due(sql: cursor) -> None:
    """What other tests have left here is purged already."""
    assert sql
    for _ in purging.purging(1):
        pass


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from setting(monkeypatch, "CRON_SECRET", SECRET)


def setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> Iterator[None]:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def add(sql: cursor, table: str, person: Person, age: str | None) -> str:
    """A row that was deleted so long ago, or made where it cannot be deleted; its id."""
    values = {"id": str(uuid4()), "me": person.id, "age": age}
    sql.execute(ADD[table], values)
    return str(values["id"])


def add_messages(sql: cursor, conversation: str, count: int) -> None:
    sql.execute(
        "INSERT INTO messages (id, conversation_id, user_id, role, content)"
        " SELECT gen_random_uuid(), id, user_id, 'user', 'Hello'"
        " FROM conversations, generate_series(1, %s) WHERE id = %s",
        (count, conversation),
    )


def kept(sql: cursor, table: str, ids: list[str]) -> list[str]:
    """Which of these rows are still there, in their order."""
    key = {"operations": "key", "tombstones": "user_id"}.get(table, "id")
    sql.execute(f"SELECT {key}::text FROM {table} WHERE {key}::text = ANY (%s)", (ids,))  # noqa: S608
    found = {id for (id,) in sql.fetchall()}
    return [id for id in ids if id in found]


@pytest.mark.parametrize(
    ("table", "young", "old"),
    [
        ("tasks", "29 days 23 hours", "30 days 1 hour"),
        ("documents", "29 days 23 hours", "30 days 1 hour"),
        ("conversations", "29 days 23 hours", "30 days 1 hour"),
        ("tombstones", "29 days 23 hours", "30 days 1 hour"),
        ("operations", "47 hours", "49 hours"),
    ],
)
def test_what_is_old_goes_and_what_is_young_stays(
    owner: Person, sql: cursor, table: str, young: str, old: str
) -> None:
    ids = [add(sql, table, owner, age) for age in (young, old, old)]
    assert purging.purge() == {"purged": {table: 2}, "left": []}
    assert kept(sql, table, ids) == ids[:1]
    assert purging.purge() == NOTHING


@pytest.mark.parametrize("table", ["tasks", "documents", "conversations"])
def test_what_is_not_deleted_stays_however_old(owner: Person, sql: cursor, table: str) -> None:
    id = add(sql, table, owner, None)
    sql.execute(f"UPDATE {table} SET created_at = '2000-01-01' WHERE id = %s", (id,))  # noqa: S608
    assert purging.purge() == NOTHING
    assert kept(sql, table, [id]) == [id]


def test_the_setting_says_how_old(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [add(sql, "tasks", owner, age) for age in ("6 days", "8 days")]
    for _ in setting(monkeypatch, "PURGE_AFTER_DAYS", "7"):
        assert purging.purge()["purged"] == {"tasks": 1}
    assert kept(sql, "tasks", ids) == ids[:1]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PURGE_AFTER_DAYS", "0", "PURGE_AFTER_DAYS "),
        ("PURGE_AFTER_DAYS", "never", "PURGE_AFTER_DAYS "),
        (
            "CRON_SECRET",
            "guessed",
            "CRON_SECRET must be 16 characters or more, and none of them a blank.",
        ),
        ("CRON_SECRET", "a secret with blanks", "CRON_SECRET must be 16 characters or more"),
    ],
)
def test_settings_that_would_do_harm_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        get_settings.__wrapped__()
    assert str(error.value).startswith(said)
    assert value not in str(error.value) or value == "0"


def test_a_conversation_goes_whole(owner: Person, sql: cursor) -> None:
    old, young = (add(sql, "conversations", owner, age) for age in ("31 days", "1 day"))
    add_messages(sql, old, 3)
    add_messages(sql, young, 2)
    assert purging.purge()["purged"] == {"conversations": 1, "messages": 3}
    sql.execute("SELECT conversation_id::text FROM messages WHERE user_id = %s", (owner.id,))
    assert sql.fetchall() == [(young,)] * 2


@pytest.mark.parametrize("table", ADD)
def test_rows_go_in_chunks_of_one_round_trip_each(
    owner: Person, sql: cursor, wire: CountingProxy, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 2)
    for _ in range(5):
        add(sql, table, owner, "31 days")
    purging.purge()
    for _ in range(5):
        add(sql, table, owner, "31 days")
    wire.reset()
    gone = [dict(progress.purged) for progress in purging.purging(30)]
    steps = [{table: count} for count in (2, 4, 5)]
    assert [each for n, each in enumerate(gone) if each and each not in gone[:n]] == steps
    assert wire.snapshot().kinds == ("Q",) * (len(TABLES) + 3)


def test_messages_go_few_at_a_time_however_long_their_conversations_are(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 4)
    for count in (3, 3, 30, 3, 9):
        add_messages(sql, add(sql, "conversations", owner, "31 days"), count)
    told = [0, *(progress.purged["messages"] for progress in purging.purging(30))]
    assert max(after - before for before, after in itertools.pairwise(told)) <= 2 * 4
    assert told[-1] == 48
    assert purging.purge() == NOTHING


def test_a_long_conversation_that_is_restored_meanwhile_keeps_what_it_has(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 4)
    id = add(sql, "conversations", owner, "31 days")
    add_messages(sql, id, 20)
    steps = purging.purging(30)
    taken = next(each.purged["messages"] for each in steps if each.purged["messages"])
    assert owner.post(f"conversations/{id}/restore").status_code == 200
    assert [each.purged for each in steps][-1] == {"messages": taken}
    page = owner.get(f"conversations/{id}/messages?include=total").json()
    assert (len(page["items"]), page["total"]) == (20 - taken, 20 - taken)


def test_a_long_conversation_in_use_is_not_waited_for(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 4)
    ids = [add(sql, "conversations", owner, "31 days") for _ in range(2)]
    for id in ids:
        add_messages(sql, id, 9)
    with open_transaction() as other:
        other.execute("SELECT FROM conversations WHERE id = %s FOR UPDATE", (ids[0],))
        assert purging.purge()["purged"] == {"conversations": 1, "messages": 9}
    assert kept(sql, "conversations", ids) == ids[:1]
    assert purging.purge()["purged"] == {"conversations": 1, "messages": 9}


def test_a_long_conversation_that_was_in_use_goes_the_next_time_and_not_all_at_once(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 4)
    id = add(sql, "conversations", owner, "31 days")
    add_messages(sql, id, 9)
    steps = purging.purging(30)
    with open_transaction() as other:
        other.execute("SELECT FROM conversations WHERE id = %s FOR UPDATE", (id,))
        assert "messages" not in next(each for each in steps if "messages" not in each.left).purged
    assert [each.purged for each in steps][-1] == {}
    assert purging.purge()["purged"] == {"conversations": 1, "messages": 9}


@pytest.fixture
def broken_tasks(sql: cursor) -> Iterator[None]:
    """No task can be deleted."""
    sql.execute(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER broken BEFORE DELETE ON tasks EXECUTE FUNCTION broken()"
    )
    yield
    sql.execute("DROP TRIGGER broken ON tasks; DROP FUNCTION broken")


@pytest.mark.usefixtures("broken_tasks")
def test_a_table_that_fails_keeps_no_other_from_being_purged_and_is_told_of(
    owner: Person, sql: cursor, caplog: pytest.LogCaptureFixture
) -> None:
    ids = {table: [add(sql, table, owner, "31 days")] for table in ADD}
    with pytest.raises(RuntimeError, match=r"^database_full$"):
        handler({"task": "purge"}, Context())
    for table in ADD:
        assert kept(sql, table, ids[table]) == (ids[table] if table == "tasks" else [])
    line = next(vars(each) for each in caplog.records if each.message == "purge")
    assert (line["purged"].keys(), line["left"]) == ({*ADD} - {"tasks"}, ["tasks"])


@pytest.mark.usefixtures("broken_tasks")
def test_a_failure_is_told_though_time_is_over(owner: Person, sql: cursor) -> None:
    add(sql, "tasks", owner, "31 days")
    times = iter([True, True, False])
    told = purging.purging(30, lambda: next(times))
    assert [each.left for each in itertools.islice(told, 3)][-1] == [*TABLES[3:], "tasks"]
    with pytest.raises(OperationalError, match="broken"):
        next(told)


def test_locked_rows_are_not_waited_for_and_go_the_next_time(owner: Person, sql: cursor) -> None:
    ids = [add(sql, "tasks", owner, "31 days") for _ in range(3)]
    with open_transaction() as other:
        other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (ids[1],))
        assert purging.purge() == {"purged": {"tasks": 2}, "left": []}
        assert kept(sql, "tasks", ids) == ids[1:2]
    assert purging.purge()["purged"] == {"tasks": 1}


def test_what_is_restored_meanwhile_stays(owner: Person, sql: cursor) -> None:
    id = add(sql, "conversations", owner, "31 days")
    add_messages(sql, id, 2)
    with open_transaction() as other:
        other.execute("UPDATE conversations SET deleted_at = NULL WHERE id = %s", (id,))
        assert purging.purge() == NOTHING
    assert purging.purge() == NOTHING
    sql.execute("SELECT message_count FROM conversations WHERE id = %s", (id,))
    assert sql.fetchone() == (2,)


@pytest.mark.usefixtures("wide_pool")
def test_two_purges_at_once_share_the_work(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 3)
    for _ in range(40):
        add(sql, "tasks", owner, "31 days")
        add_messages(sql, add(sql, "conversations", owner, "31 days"), 2)
    purged = [told["purged"] for told in at_once(*[purging.purge] * 4)]
    for table, count in {"tasks": 40, "conversations": 40, "messages": 80}.items():
        assert sum(each.get(table, 0) for each in purged) == count


def test_a_purge_goes_on_after_its_link_is_lost(owner: Person, sql: cursor) -> None:
    ids = [add(sql, "tasks", owner, "31 days") for _ in range(3)]
    told: list[Any] = []
    with open_transaction() as other:
        other.execute("LOCK TABLE tasks")
        purge = threading.Thread(target=lambda: told.append(purging.purge()))
        purge.start()
        wait_for_a_lock(sql)
        end_our_sessions(sql)
    purge.join()
    assert told == [{"purged": {"tasks": 3}, "left": []}]
    assert kept(sql, "tasks", ids) == []


def test_a_purge_stops_between_two_chunks_when_its_time_is_nearly_over(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "CHUNK", 2)
    for _ in range(3):
        add(sql, "operations", owner, "31 days")
    token = facts.set(Facts(deadline=time.time() + purging.RESERVE - 1))
    try:
        assert purging.purge() == {"purged": {"operations": 2}, "left": TABLES}
    finally:
        facts.reset(token)
    assert purging.purge() == {"purged": {"operations": 1}, "left": []}


def test_what_is_purged_is_logged(
    owner: Person, sql: cursor, caplog: pytest.LogCaptureFixture
) -> None:
    add(sql, "tasks", owner, "31 days")
    purging.purge()
    line = vars(caplog.records[-1])
    assert (line["message"], line["purged"], line["left"]) == ("purge", {"tasks": 1}, [])


def test_lambda_purges_when_it_is_told_to(owner: Person, sql: cursor) -> None:
    add(sql, "tasks", owner, "31 days")
    told = handler({"task": "purge"}, Context())
    assert json.loads(json.dumps(told)) == {"purged": {"tasks": 1}, "left": []}
    assert handler({"task": "purge"}, None) == NOTHING


def test_lambdas_purge_ends_before_the_invocation_does(owner: Person, sql: cursor) -> None:
    add(sql, "tasks", owner, "31 days")
    assert handler({"task": "purge"}, Context(purging.RESERVE))["left"] == TABLES[1:]


@pytest.mark.parametrize("task", ["", "purgatory", None, 7, [], {}, ["purge"]])
def test_a_task_that_nobody_knows_fails_the_invocation(task: Any) -> None:
    with pytest.raises(ValueError, match="no such task"):
        handler({"task": task}, Context())


def test_a_purge_that_the_database_does_not_do_fails_the_invocation_without_its_words(
    sql: cursor,
) -> None:
    assert sql
    with open_transaction() as other:
        other.execute("LOCK TABLE operations")
        with pytest.raises(RuntimeError, match=r"^timed_out$") as error:
            handler({"task": "purge"}, Context(1.0))
    assert error.value.__suppress_context__


@pytest.mark.usefixtures("secret")
def test_vercels_cron_purges_with_the_secret_alone(owner: Person, sql: cursor) -> None:
    add(sql, "tasks", owner, "31 days")
    url = "http://test/internal/purge"
    for wrong in ("", SECRET, f"Bearer {SECRET}x", f"bearer {SECRET}", "Bearer ü", "Bearer "):
        answer = owner.get(url, headers=[(b"Authorization", wrong.encode())])
        assert refused(answer, 401)["code"] == "unauthorized"
        assert answer.headers["www-authenticate"] == "Bearer"
    refused(owner.get(url), 401)
    answer = owner.get(url, headers={"Authorization": f"Bearer {SECRET}"})
    assert (answer.status_code, answer.json()) == (200, {"purged": {"tasks": 1}, "left": []})


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer None", f"Bearer {SECRET}"])
def test_without_a_secret_there_is_no_such_address(owner: Person, authorization: str) -> None:
    headers = {"Authorization": authorization}
    refused(owner.get("http://test/internal/purge", headers=headers), 404)


def test_the_document_does_not_tell_of_the_purge() -> None:
    assert not [path for path in app.openapi()["paths"] if "internal" in path]


def test_the_command_counts_and_purges(
    owner: Person, sql: cursor, capsys: pytest.CaptureFixture[str]
) -> None:
    for age in ("3 days", "31 days"):
        add(sql, "tasks", owner, age)
        add_messages(sql, add(sql, "conversations", owner, age), 1500)
    command(dry_run=True)
    said = "1 of conversations, 1,500 of messages, 1 of tasks"
    assert f"would remove {said}" in capsys.readouterr().err
    command()
    assert f"removed {said}" in capsys.readouterr().err
    command(older_than=2)
    assert f"removed {said}" in capsys.readouterr().err
    command(older_than=2)
    assert "removed nothing" in capsys.readouterr().err
