"""Requests that meet in the database: forced into every order, and many times let run freely."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor

from tests.concurrency import at_once, in_turn
from tests.conversing import read, start, under
from tests.documented import addresses
from tests.people import Person, sign_up
from tests.pgbouncer import needs_pgbouncer
from tests.problem import refused
from tests.races_pooler import memories
from tests.sight import CASES, filled
from tests.test_sight import Scene, expected
from tests.truth_stage import stage
from tests.writing import write

pytestmark = pytest.mark.usefixtures("wide_pool")
slow = pytest.mark.slow

ME = "http://test/api/me"
Send = Callable[[], Any]


@pytest.fixture(scope="module", autouse=True)
def document() -> None:
    """Made before answers that race are held against it: making it twice at once breaks it."""
    addresses()


def codes(answers: list[Any]) -> tuple[int, ...]:
    return tuple(answer.status_code for answer in answers)


# Teams ------------------------------------------------------------------------------------------

Move = Callable[[Person, Person, str], Send]
"""What an owner of a team does to it, or to its other owner."""


def leave(me: Person, _: Person, team: str) -> Send:
    return partial(me.delete, f"teams/{team}/members/me")


def step_down(me: Person, _: Person, team: str) -> Send:
    return partial(me.put, f"teams/{team}/members/me", json={"role": "admin"})


def demote(me: Person, other: Person, team: str) -> Send:
    return partial(me.put, f"teams/{team}/members/{other.id}", json={"role": "member"})


def remove(me: Person, other: Person, team: str) -> Send:
    return partial(me.delete, f"teams/{team}/members/{other.id}")


def delete_account(me: Person, _: Person, __: str) -> Send:
    return partial(me.delete, ME)


def delete_team(me: Person, _: Person, team: str) -> Send:
    return partial(me.delete, f"teams/{team}")


MOVES: list[tuple[Move, Move, int, int]] = [
    (leave, leave, 204, 409),
    (leave, step_down, 204, 409),
    (leave, demote, 204, 201),
    (leave, remove, 204, 404),
    (leave, delete_account, 204, 409),
    (leave, delete_team, 204, 204),
    (step_down, leave, 200, 409),
    (step_down, step_down, 200, 409),
    (step_down, delete_account, 200, 409),
    (demote, leave, 200, 204),
    (demote, demote, 200, 403),
    (demote, remove, 200, 403),
    (demote, delete_account, 200, 204),
    (remove, leave, 204, 404),
    (remove, remove, 204, 404),
    (remove, delete_account, 204, 204),
    (delete_account, leave, 204, 409),
    (delete_account, step_down, 204, 409),
    (delete_account, demote, 204, 201),
    (delete_account, delete_account, 204, 409),
    (delete_account, delete_team, 204, 204),
    (delete_team, leave, 204, 404),
    (delete_team, demote, 204, 404),
    (delete_team, delete_account, 204, 204),
]
"""What one owner does, what the other does at that moment, and what both are told."""

NEW_TEAM = """
INSERT INTO teams (id, name) VALUES (%(team)s, 'Theirs');
INSERT INTO members (team_id, user_id, role) VALUES
    (%(team)s, %(one)s, 'owner'), (%(team)s, %(two)s, 'owner'), (%(team)s, %(three)s, 'member');
"""
OWNERS = """
SELECT owners, (SELECT count(*) FROM members WHERE team_id = id AND role = 'owner')
FROM teams WHERE id = %s
"""


def new_team(sql: cursor, *people: Person) -> str:
    """A team of two owners and a member."""
    team = str(uuid4())
    ids = {name: each.id for name, each in zip(("one", "two", "three"), people, strict=True)}
    sql.execute(NEW_TEAM, {"team": team, **ids})
    return team


def has_an_owner_or_is_gone(sql: cursor, team: str) -> bool:
    sql.execute(OWNERS, (team,))
    told, there = sql.fetchone() or (1, 1)
    return bool(told == there > 0)


@slow
@pytest.mark.parametrize(
    ("first", "second", "one_gets", "two_gets"),
    MOVES,
    ids=[f"{first.__name__}-{second.__name__}" for first, second, *_ in MOVES],
)
def test_a_team_keeps_an_owner_whatever_two_do_at_the_same_moment(
    sql: cursor, first: Move, second: Move, one_gets: int, two_gets: int
) -> None:
    people = one, two, _ = [sign_up(sql, name) for name in ("one", "two", "three")]
    hold = "SELECT FROM teams WHERE id = %s FOR UPDATE"
    for _ in range(5):
        team = new_team(sql, *people)
        answers = in_turn(sql, hold, (team,), first(one, two, team), second(two, one, team))
        assert has_an_owner_or_is_gone(sql, team)
        assert codes(answers) == (one_gets, two_gets)


@slow
def test_of_two_owners_who_leave_at_the_same_moment_200_times_one_stays(sql: cursor) -> None:
    people = one, two, _ = [sign_up(sql, name) for name in ("one", "two", "three")]
    told: Counter[tuple[int, ...]] = Counter()
    for _ in range(200):
        team = new_team(sql, *people)
        told[codes(at_once(leave(one, two, team), leave(two, one, team)))] += 1
        assert has_an_owner_or_is_gone(sql, team)
    print(f"two owners leave at once: {told}")  # noqa: T201  a figure
    assert told.keys() <= {(204, 409), (409, 204)}


# Batches ----------------------------------------------------------------------------------------

SIZE = 500
EARLY, MIDDLE, LATE = 100, 250, 400
"""Places in a batch, which locks its rows in order, and is held up at the one in the middle."""

both_kinds = pytest.mark.parametrize("kind", ["tasks", "documents"])


class Batch:
    """So many rows of one person's team, all changed at once by the one and one by the other."""

    def __init__(self, sql: cursor, kind: str, mine: Person, theirs: Person, team: str) -> None:
        self.sql, self.kind, self.mine, self.theirs = sql, kind, mine, theirs
        items = [{"title": "0", "team_id": team}] * SIZE
        added = mine.post(f"{kind}/batch", json={"items": items})
        assert added.status_code == 201, added.text
        self.ids = [row["id"] for row in added.json()["items"]]
        self.titles, self.versions = ["0"] * SIZE, [1] * SIZE

    def change(self, title: str) -> Send:
        rows = zip(self.ids, self.versions, strict=True)
        items = [{"id": id, "title": title, "version": version} for id, version in rows]
        return partial(self.mine.patch, f"{self.kind}/batch", json={"items": items})

    def change_one(self, place: int, title: str) -> Send:
        guard = {"If-Match": f'"{self.versions[place]}"'}
        path = f"{self.kind}/{self.ids[place]}"
        return partial(self.theirs.patch, path, json={"title": title}, headers=guard)

    def holding(self, place: int) -> tuple[str, tuple[str]]:
        return f"SELECT FROM {self.kind} WHERE id = %s FOR UPDATE", (self.ids[place],)

    def look(self) -> None:
        self.sql.execute(
            f"SELECT title, version FROM {self.kind} WHERE id = ANY (%s::uuid[]) ORDER BY id",  # noqa: S608
            (self.ids,),
        )
        rows = self.sql.fetchall()
        self.titles, self.versions = [row[0] for row in rows], [row[1] for row in rows]

    def tell(self, together: Any, alone: Any, place: int, n: int) -> str:
        """Who won, once it is certain that the tables hold all that this one did and no more."""
        before = self.titles
        self.look()
        if together.status_code == 200:
            assert (self.titles, alone.status_code) == ([f"all {n}"] * SIZE, 412)
            return "batch"
        assert together.json()["errors"][0]["pointer"] == f"/items/{place}"
        assert (together.status_code, alone.status_code) == (412, 200)
        assert self.titles == [*before[:place], f"one {n}", *before[place + 1 :]]
        return "one row"


ROUNDS = [(EARLY, True), (LATE, True), (MIDDLE, True), (MIDDLE, False)]
"""Which row the other changes, and whether the batch comes first."""
WINNERS = ["batch", "one row", "batch", "one row"]
"""The batch that is held up in the middle has locked the early rows, and not the late ones."""


@slow
@both_kinds
def test_a_batch_of_500_is_all_or_nothing_when_a_row_changes_meanwhile_100_times(
    sql: cursor, owner: Person, teammate: Person, team: str, kind: str
) -> None:
    batch, won = Batch(sql, kind, owner, teammate, team), []
    for n in range(100):
        place, first = ROUNDS[n % 4]
        both = [batch.change(f"all {n}"), batch.change_one(place, f"one {n}")]
        answers = in_turn(sql, *batch.holding(MIDDLE), *(both if first else both[::-1]))
        together, alone = answers if first else answers[::-1]
        won.append(batch.tell(together, alone, place, n))
    print(f"{kind}: a batch and one of its rows at once: {Counter(won)}")  # noqa: T201  a figure
    assert won == WINNERS * 25


# Transfers --------------------------------------------------------------------------------------


def give(giver: Person, document: str, heir: Person, **headers: str) -> Send:
    path, body = f"documents/{document}/transfer", {"to_user_id": heir.id}
    return partial(giver.post, path, json=body, headers=headers)


DOCUMENT = "SELECT FROM documents WHERE id = %s FOR UPDATE"


def owner_of(sql: cursor, document: str) -> str:
    sql.execute("SELECT user_id FROM documents WHERE id = %s", (document,))
    [(id,)] = sql.fetchall()
    return str(id)


@slow
@pytest.mark.parametrize("guard", [{}, {"If-Match": '"1"'}], ids=["plain", "guarded"])
def test_of_two_transfers_at_once_the_first_wins_100_times(
    sql: cursor, guard: dict[str, str]
) -> None:
    giver, one, two = (sign_up(sql, name) for name in ("giver", "one", "two"))
    won: Counter[bool] = Counter()
    for n in range(100):
        document = write(giver)["id"]
        both = [give(giver, document, one, **guard), give(giver, document, two, **guard)]
        answers = in_turn(sql, DOCUMENT, (document,), *both) if n % 2 else at_once(*both)
        assert codes(answers) in {(200, 404), (404, 200)}
        won[answers[0].is_success] += 1
        assert owner_of(sql, document) == (one if answers[0].is_success else two).id
    print(f"two transfers at once: the first won {won[True]}, the second {won[False]}")  # noqa: T201
    assert won[True] >= 50


@slow
def test_a_document_is_handed_on_by_nobody_who_does_not_have_it_yet(sql: cursor) -> None:
    people = one, two, three = [sign_up(sql, name) for name in ("one", "two", "three")]
    for _ in range(20):
        document = write(one)["id"]
        gifts = [give(one, document, two), give(two, document, three)]
        assert codes(in_turn(sql, DOCUMENT, (document,), *gifts)) == (200, 404)
        seen = [each for each in people if each.get(f"documents/{document}").is_success]
        assert seen == [two]


@slow
def test_whatever_meets_a_transfer_comes_before_it_or_after_it(sql: cursor) -> None:
    giver, heir = (sign_up(sql, name) for name in ("giver", "heir"))
    for method, path, body, told in (
        ("PATCH", "documents/{id}", {"title": "Mine"}, (200, 200, 404)),
        ("PATCH", "documents/batch", {"items": [{"id": "{id}", "title": "Mine"}]}, (200, 200, 404)),
        ("DELETE", "documents/{id}", None, (404, 204, 404)),
        ("DELETE", "documents/{id}?permanent=true", None, (404, 204, 404)),
        ("DELETE", ME, None, (404, 204, 204)),
    ):
        for first in (True, False):
            document = write(giver)["id"]
            request: Send = partial(
                giver.request, method, path.format(id=document), json=filled(body, {"id": document})
            )
            both: list[Send] = [give(giver, document, heir), request]
            answers = in_turn(sql, DOCUMENT, (document,), *(both if first else both[::-1]))
            gift, other = answers if first else answers[::-1]
            expected = (200, told[2]) if first else (told[0], told[1])
            assert codes([gift, other]) == expected, f"{method} {path} {first}"
            if gift.is_success:
                assert owner_of(sql, document) == heir.id
                assert heir.get(f"documents/{document}").json()["title"] == (
                    "Notes" if first else "Mine"
                )


# Leaving a team while one writes in it ----------------------------------------------------------

Gone = Callable[[Person, Person, str], Send]


def leave_of_oneself(_: Person, other: Person, team: str) -> Send:
    return partial(other.delete, f"teams/{team}/members/me")


def leave_everything(_: Person, other: Person, __: str) -> Send:
    return partial(other.delete, ME)


ENDS: list[Gone] = [remove, leave_of_oneself, leave_everything, delete_team]
"""How an admin of a team ceases to be in it."""

BY_MEMBERS = [
    ("PATCH", "{kind}/{id}", {"title": "Late"}),
    ("PATCH", "{kind}/batch", {"items": [{"id": "{id}", "title": "Late"}]}),
]
BY_ADMINS = [
    ("DELETE", "{kind}/{id}", None),
    ("DELETE", "{kind}/{id}?permanent=true", None),
    ("POST", "{kind}/{deleted}/restore", None),
]
OF_TASKS = [
    ("POST", "tasks/{id}/complete", None),
    ("POST", "tasks/batch-delete", {"ids": ["{id}"]}),
]


class Shared:
    """Two rows of the owner's, one of them deleted, in a team with an admin."""

    def __init__(self, owner: Person, admin: Person, kind: str) -> None:
        self.kind, self.owner, self.admin = kind, owner, admin
        self.team = owner.post("teams", json={"name": "Ours"}).json()["id"]
        owner.put(f"teams/{self.team}/members/{admin.id}", json={"role": "admin"})
        rows = [{"title": "Ours", "team_id": self.team}] * 2
        id, deleted = (
            row["id"] for row in owner.post(f"{kind}/batch", json={"items": rows}).json()["items"]
        )
        owner.delete(f"{kind}/{deleted}")
        self.names = {"kind": kind, "id": id, "deleted": deleted}

    def write(self, method: str, path: str, body: Any) -> Send:
        url, body = path.format(**self.names), filled(body, self.names)
        return partial(self.admin.request, method, url, json=body)

    def look(self) -> list[Any]:
        """What the owner sees of the two."""
        both = [self.owner.get(f"{self.kind}?deleted={it}").json() for it in (False, True)]
        names = ("id", "title", "deleted_at", "completed_at")
        return [tuple(row.get(name) for name in names) for each in both for row in each["items"]]


WRITES = [
    *(("tasks", *write) for write in (*BY_MEMBERS, *BY_ADMINS, *OF_TASKS)),
    *(("documents", *write) for write in (*BY_MEMBERS, *BY_ADMINS)),
]


@slow
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("kind", "method", "path", "body"), WRITES)
def test_nothing_is_written_by_whoever_is_told_to_be_out_of_the_team(
    sql: cursor, end: Gone, kind: str, method: str, path: str, body: Any
) -> None:
    owner, admin = sign_up(sql, "owner"), sign_up(sql, "admin")
    hold = f"SELECT FROM {kind} WHERE user_id = %s FOR UPDATE"
    for first in (True, False):
        shared = Shared(owner, admin, kind)
        seen: list[Any] = []

        def be_out(shared: Shared = shared, seen: list[Any] = seen) -> Any:
            answer = end(owner, admin, shared.team)()
            seen.append(shared.look())
            return answer

        before, both = shared.look(), [shared.write(method, path, body), be_out]
        answers = in_turn(sql, hold, (owner.id,), *(both if first else both[::-1]))
        written, out = answers if first else answers[::-1]
        assert (out.status_code, written.is_success) == (204, first)
        assert first or written.status_code == 404
        assert seen == [shared.look()]
        assert (seen != [before]) == first
        owner.delete(ME)


@pytest.mark.parametrize("end", [remove, leave_everything])
@both_kinds
def test_what_is_added_to_a_team_at_the_end_of_ones_membership_is_added_whole_or_not_at_all(
    sql: cursor, owner: Person, teammate: Person, kind: str, end: Gone
) -> None:
    shared = Shared(owner, teammate, kind)
    new = {"title": "New", "team_id": shared.team}
    hold = "SELECT FROM members WHERE team_id = %s AND user_id = %s FOR UPDATE"
    held = shared.team, teammate.id
    out = end(owner, teammate, shared.team)
    add = partial(teammate.post, kind, json=new)
    add_many = partial(teammate.post, f"{kind}/batch", json={"items": [new] * 20})
    theirs = f"SELECT team_id FROM {kind} WHERE user_id = %s"  # noqa: S608
    for send in (add, add_many):
        ended, added = in_turn(sql, hold, held, out, send)
        assert ended.status_code == 204
        refused(added, 404)
        sql.execute(theirs, (teammate.id,))
        assert sql.rowcount == 0
        demote(owner, teammate, shared.team)()
    assert codes(in_turn(sql, hold, held, add_many, out)) == (201, 204)
    sql.execute(theirs, (teammate.id,))
    assert sql.fetchall() == [(None,)] * 20  # whoever left everything has begun anew with them


def busy(write: Send, begun: Event, out: Event) -> list[Any]:
    """Write without a pause until one is out of the team, and then once more."""
    answers = [write()]
    begun.set()
    while not out.is_set():
        answers.append(write())
    return [*answers, write()]


def leave_while_busy(shared: Shared, end: Gone, *writes: Send) -> list[list[Any]]:
    """What the busy were told; what the owner saw when the end had come is what there is."""
    begun, out, seen = Event(), Event(), []

    def be_out() -> list[Any]:
        begun.wait()
        answer = end(shared.owner, shared.admin, shared.team)()
        seen.append(shared.look())
        out.set()
        return [answer]

    ended, *busied = at_once(be_out, *(partial(busy, write, begun, out) for write in writes))
    assert codes(ended) == (204,)
    assert seen == [shared.look()]
    return busied


@slow
@pytest.mark.parametrize("end", ENDS)
@both_kinds
def test_nothing_points_at_a_team_that_is_gone_or_was_left_however_busy_one_was(
    sql: cursor, end: Gone, kind: str
) -> None:
    met = 0
    for _ in range(10):
        shared = Shared(sign_up(sql, "owner"), sign_up(sql, "admin"), kind)
        new = {"title": "New", "team_id": shared.team}
        patch = shared.write("PATCH", "{kind}/{id}", {"title": str(uuid4())})
        writes = patch, shared.write("POST", "{kind}", new)
        for answers in leave_while_busy(shared, end, *writes):
            told = codes(answers)
            assert {*told} <= {200, 201, 404}
            assert told[-1] == 404
            met += answers[0].is_success
        sql.execute(
            f"SELECT FROM {kind} WHERE team_id = %s AND user_id = %s",
            (shared.team, shared.admin.id),
        )
        assert sql.rowcount == 0
    print(f"{kind}, {end.__name__}: {met} of 20 were in the middle of writing")  # noqa: T201
    assert met


# Messages ---------------------------------------------------------------------------------------


def right(conversation: dict[str, Any], page: dict[str, Any]) -> None:
    """Assert that a list of conversations, and one of messages, each agree with themselves."""
    last, count = conversation["last_message"], conversation["message_count"]
    assert (last is None) == (count == 0)
    ids = [message["id"] for message in page["items"]]
    assert ids == sorted(ids)
    assert len(ids) == page["total"] <= 100
    batches = [each["content"].split() for each in page["items"]]
    for name in {batch for kind, batch, _ in batches if kind == "batch"}:
        assert [n for _, batch, n in batches if batch == name] == ["0", "1", "2", "3", "4"]


def look_on(person: Person, talk: dict[str, Any], over: Event) -> int:
    """Read both lists until it is over; returns how many different counts were seen."""
    counts = set()
    while not over.is_set():
        [conversation] = person.get("conversations").json()["items"]
        right(conversation, person.get(f"{under(talk)}?limit=100&include=total").json())
        counts.add(conversation["message_count"])
    return len(counts)


def speak(person: Person, talk: dict[str, Any], name: str) -> None:
    """Append one, a batch, delete the one; then leave one more than there was."""
    for n in range(2):
        one = {"role": "user", "content": f"one {name} {n}"}
        items = [{"role": "user", "content": f"batch {name}{n} {i}"} for i in range(5)]
        first = person.post(under(talk), json=one).json()
        added = person.post(f"{under(talk)}/batch", json={"items": items})
        gone = person.delete(f"{under(talk)}/{first['id']}")
        again = person.post(under(talk), json=one)
        assert codes([added, gone, again]) == (201, 204, 201)


@slow
def test_counts_and_order_of_messages_are_right_whenever_they_are_read(sql: cursor) -> None:
    seen = 0
    for _ in range(5):
        person = sign_up(sql, "speaker")
        talk, over = start(person), Event()

        def all_speak(person: Person = person, talk: Any = talk, over: Event = over) -> int:
            at_once(*(partial(speak, person, talk, f"s{n}") for n in range(8)))
            over.set()
            return 0

        seen += sum(at_once(all_speak, partial(look_on, person, talk, over)))
        now = read(person, talk)
        sql.execute("SELECT id::text FROM messages WHERE user_id = %s ORDER BY id", (person.id,))
        ids = [id for (id,) in sql.fetchall()]
        assert now["message_count"] == len(ids) == 8 * 2 * 6
        assert now["last_message"]["id"] == ids[-1]
        assert now["version"] == 1 + 8 * 2 * 4
    print(f"messages: {seen} different counts were read meanwhile")  # noqa: T201  a figure
    assert seen > 10


# One key, two requests --------------------------------------------------------------------------


class Keyed(NamedTuple):
    """A write, what it has to wait for, and what there is of it once it is done."""

    method: str
    path: str
    body: Any
    hold: str
    effects: str
    once: int = 1


HELLO = {"role": "user", "content": "Hello"}
VERSION = "SELECT version - 1 FROM {} WHERE id = %(id)s"
MESSAGES = "SELECT count(*) FROM messages WHERE conversation_id = %(talk)s"
TALK = "SELECT FROM conversations WHERE id = %(talk)s FOR UPDATE"
USER = 'SELECT FROM "user" WHERE id = %(me)s FOR UPDATE'
KEYED = [
    Keyed(
        "POST",
        "documents",
        {"title": "New"},
        USER,
        "SELECT count(*) - 1 FROM documents WHERE user_id = %(me)s",
    ),
    Keyed(
        "POST",
        "documents/batch",
        {"items": [{"title": "New"}] * 3},
        USER,
        "SELECT count(*) - 1 FROM documents WHERE user_id = %(me)s",
        3,
    ),
    Keyed(
        "PATCH",
        "documents/batch",
        {"items": [{"id": "{id}", "title": "New"}]},
        "SELECT FROM documents WHERE id = %(id)s FOR UPDATE",
        VERSION.format("documents"),
    ),
    Keyed(
        "POST",
        "documents/{id}/transfer",
        {"to_user_id": "{heir}"},
        "SELECT FROM documents WHERE id = %(id)s FOR UPDATE",
        VERSION.format("documents"),
    ),
    Keyed("POST", "conversations/{talk}/messages", HELLO, TALK, MESSAGES),
    Keyed("POST", "conversations/{talk}/messages/batch", {"items": [HELLO] * 3}, TALK, MESSAGES, 3),
    Keyed(
        "POST",
        "teams",
        {"name": "New"},
        USER,
        "SELECT count(*) FROM members WHERE user_id = %(me)s",
    ),
]


@slow
@pytest.mark.parametrize("write_", KEYED, ids=lambda each: f"{each.method} {each.path}")
def test_of_two_requests_with_one_key_at_once_one_is_done_50_times(
    sql: cursor, write_: Keyed
) -> None:
    told: Counter[tuple[int, ...]] = Counter()
    for n in range(50):
        owner, heir = sign_up(sql, "owner"), sign_up(sql, "heir")
        names = {"me": owner.id, "heir": heir.id, "id": write(owner)["id"]}
        names["talk"] = start(owner)["id"]
        headers = {"Idempotency-Key": "twin"}
        body = filled(write_.body, names)
        send = partial(
            owner.request, write_.method, write_.path.format(**names), json=body, headers=headers
        )
        both = in_turn(sql, write_.hold, names, send, send) if n % 2 else at_once(send, send)
        told[codes(both)] += 1
        answers = [each for each in (*both, send()) if each.is_success]
        assert len({each.content for each in answers}) == 1
        first = [each for each in answers if "idempotent-replayed" not in each.headers]
        assert len(first) == 1
        for each in both:
            assert each.is_success or refused(each, 409)["code"] == "in_progress"
        sql.execute(write_.effects, names)
        assert sql.fetchone() == (write_.once,)
    print(f"{write_.method} {write_.path}, twice with one key: {dict(told)}")  # noqa: T201
    assert sum(n for both, n in told.items() if 409 in both) >= 25


# Through the pooler -----------------------------------------------------------------------------


@slow
@needs_pgbouncer
def test_every_route_works_through_the_pooler_and_leaves_nothing_in_its_sessions(
    tmp_path: Path,
) -> None:
    with stage(tmp_path, pooled=True) as here:
        assert here.neon.ask("SELECT 1", pooled=True) == 1
        [new] = memories(here)
        for case in CASES:
            for caller in ("owner", "outsider"):
                answer = Scene(here.sql).ask(case, caller)
                assert answer.status_code == expected(case, caller), f"{caller}: {case}"
        person = sign_up(here.sql, "speaker")
        at_once(*(partial(speak, person, start(person), f"s{n}") for n in range(8)))
        before = memories(here)
        assert before == {new}
        for leak in ("SET lock_timeout = 5000", "PREPARE it AS SELECT 1"):
            here.neon.ask(f"{leak}; SELECT 1", pooled=True)
            after = memories(here)
            assert after != before
            before = after
