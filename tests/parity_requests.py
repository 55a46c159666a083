"""Requests of all kinds, in an order in which later ones ask for what earlier ones have made.

`$name` stands for a person's id or token, for what an earlier answer was kept as, and for `next` of
the last page.
"""

import json
from typing import Any, NamedTuple

from dev.events import Pairs
from dev.local import ORIGIN

JSON = ("Content-Type", "application/json")
NOBODY = ("Authorization", "")
TASKS, TASK = "/api/me/tasks", "/api/me/tasks/$task"


class Asked(NamedTuple):
    status: int
    method: str
    target: str
    body: bytes = b""
    headers: Pairs = []  # noqa: RUF012  never changed
    keep: str = ""
    """Under which name to remember the `id` of what is answered."""


def read(status: int, target: str, *headers: tuple[str, str], method: str = "GET") -> Asked:
    return Asked(status, method, target, b"", [*headers])


def write(
    status: int, method: str, target: str, body: Any, *headers: tuple[str, str], keep: str = ""
) -> Asked:
    """`body` as JSON, or the bytes themselves."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Asked(status, method, target, content, [*headers, JSON], keep)


def preflight(status: int, origin: str) -> Asked:
    wanted = ("Access-Control-Request-Headers", "authorization,if-match")
    method = ("Access-Control-Request-Method", "PATCH")
    return read(status, TASKS, ("Origin", origin), method, wanted, NOBODY, method="OPTIONS")


PUBLIC = [
    read(200, "/health", NOBODY),
    read(200, "/health", NOBODY, method="HEAD"),
    read(200, "/health/ready", NOBODY),
    read(200, "/openapi.json", NOBODY),
    read(200, "/docs", NOBODY),
    read(200, "/problems/not_found", NOBODY),
    read(404, "/problems/nonsense", NOBODY),
    read(404, "/nowhere", NOBODY),
    read(404, "/nowhere", NOBODY, method="HEAD"),
    read(404, "/", NOBODY),
    read(404, "/internal/purge", NOBODY),
    read(401, TASKS, NOBODY),
    read(401, TASKS, ("Authorization", "Bearer no")),
    read(401, TASKS, ("Authorization", "Basic $token")),
    read(403, "/api/$mate/tasks"),
    read(405, TASKS, method="PUT"),
    read(405, TASKS, method="OPTIONS"),
    preflight(200, ORIGIN),
    preflight(403, "https://elsewhere.example"),
]
MADE = [
    write(201, "POST", TASKS, {"title": "Ein Stück 🧊", "tags": ["ü", "a"]}, keep="task"),
    write(201, "POST", TASKS, {"title": "Once"}, ("Idempotency-Key", "one")),
    write(201, "POST", TASKS, {"title": "Once"}, ("Idempotency-Key", "one")),
    write(422, "POST", TASKS, {"title": "Twice"}, ("Idempotency-Key", "one")),
    write(422, "POST", TASKS, {"title": "a"}, ("Idempotency-Key", "\xff")),
    write(422, "POST", TASKS, {"titel": "a", "priority": "vital"}),
    write(422, "POST", TASKS, {"title": "a\0b"}),
    write(400, "POST", TASKS, b'{"title": "a", "title": "b"}'),
    write(400, "POST", TASKS, b'{"title": '),
    write(400, "POST", TASKS, b'{"title": NaN}'),
    write(400, "POST", TASKS, b'{"title": "\xff\xfe"}'),
    write(400, "POST", TASKS, bytes(range(256))),
    write(400, "POST", TASKS, b""),
    write(422, "POST", TASKS, b"[]"),
    write(413, "POST", TASKS, b'{"title": "a"}'.ljust(1024 * 1024 + 1)),
    Asked(415, "POST", TASKS, b'{"title": "a"}'),
    Asked(415, "POST", TASKS, b'{"title": "a"}', [("Content-Type", "text/plain")]),
    Asked(
        201, "POST", TASKS, b'{"title": "b"}', [("Content-Type", "application/json; charset=utf-8")]
    ),
    write(201, "POST", f"{TASKS}/batch", {"items": [{"title": "c"}, {"title": "d"}]}),
]
LISTED = [
    read(200, TASKS),
    read(200, f"{TASKS}?limit=1&sort=title"),
    read(200, f"{TASKS}?limit=1&sort=title&cursor=$next"),
    read(200, f"{TASKS}?page=1&page_size=2&include=total"),
    read(200, f"{TASKS}?tag=a&tag=%C3%BC"),
    read(200, f"{TASKS}?status=todo&status=done&limit=2"),
    read(200, f"{TASKS}?q=St%C3%BCck+ein"),
    read(200, f"{TASKS}?q=%22once%22%20%2D%20"),
    read(200, f"{TASKS}/stats"),
    read(422, f"{TASKS}?limit=0"),
    read(422, f"{TASKS}?limit=1&limit=many"),
    read(422, f"{TASKS}?nonsense=1"),
    read(422, f"{TASKS}?cursor=%00%FF"),
    read(200, f"{TASKS}?limit=1", ("Origin", ORIGIN)),
    read(200, f"{TASKS}?limit=1", ("Origin", "https://elsewhere.example")),
    read(200, f"{TASKS}?limit=1", ("X-Request-Id", "mine.1"), ("Cookie", "a=b; c=d")),
    read(200, f"{TASKS}?limit=1", ("X-Request-Id", "\xfc"), ("Accept-Encoding", "gzip, br")),
    read(200, "/api/me/%74asks?limit=1"),
    read(404, "/api/me/tasks/"),
    read(404, "//api/me/tasks"),
    read(404, "/api/me/tasks/%2F"),
    read(404, "/api/me/tasks/%252F%C3%BC"),
]
CHANGED = [
    read(200, TASK),
    read(200, TASK, method="HEAD"),
    read(304, TASK, ("If-None-Match", '"1"')),
    write(200, "PATCH", TASK, {"description": "né"}, ("If-Match", '"1"')),
    write(412, "PATCH", TASK, {"description": None}, ("If-Match", '"1"')),
    write(412, "PATCH", TASK, {"description": None}, ("If-Match", "nonsense")),
    write(422, "PATCH", TASK, {"title": None}),
    write(404, "PATCH", f"{TASKS}/batch", {"items": [{"id": "$mate_task", "title": "a"}]}),
    read(200, f"{TASK}/complete", method="POST"),
    read(204, TASK, method="DELETE"),
    read(404, TASK),
    read(200, f"{TASKS}?deleted=true"),
    read(200, f"{TASK}/restore", method="POST"),
    read(204, f"{TASK}?permanent=true", method="DELETE"),
]
TOGETHER = [
    write(201, "POST", "/api/me/documents", {"title": "Plan", "content": "schön"}, keep="document"),
    read(200, "/api/me/documents?q=sch%C3%B6n"),
    write(201, "POST", "/api/me/conversations", {"title": "Talk"}, keep="talk"),
    write(
        201,
        "POST",
        "/api/me/conversations/$talk/messages",
        {"role": "user", "content": "\u2028 " + "ß" * 4000},
    ),
    read(200, "/api/me/conversations/$talk/messages?order=desc"),
    write(201, "POST", "/api/me/teams", {"name": "A-team"}, keep="team"),
    write(201, "PUT", "/api/me/teams/$team/members/$mate", {"role": "member"}),
    read(409, "/api/me/teams/$team/members/me", method="DELETE"),
    read(409, "/api/me", method="DELETE"),
    write(403, "PATCH", "/api/me/teams/$team", {"name": "B"}, ("Authorization", "Bearer $mates")),
    read(200, "/api/me"),
    read(200, "/api/me/export"),
    read(204, "/api/me/teams/$team", method="DELETE"),
    read(204, "/api/me", method="DELETE"),
    read(200, TASKS),
]
REQUESTS = [*PUBLIC, *MADE, *LISTED, *CHANGED, *TOGETHER]
