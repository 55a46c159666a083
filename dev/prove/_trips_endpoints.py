"""The requests whose round trips are counted: every route, with names in braces for its ids."""

import re
from typing import Any, NamedTuple

Body = dict[str, Any]
Route = tuple[str, str]

BATCH, APPENDED = 500, 50
"""The most that a batch may have: of tasks or documents, and of messages."""

UNCOUNTED = {
    ("GET", "/health"): "It asks no database.",
    ("GET", "/health/ready"): "Its answer is kept for 10 seconds, and costs no trip then.",
    ("GET", "/health/db"): "It is the same under another name.",
}
"""Why these routes have no request below. The purge, which is no user's, asks chunk by chunk."""


class Endpoint(NamedTuple):
    """One request, below the caller's own address."""

    method: str
    path: str
    body: Body | None = None
    batch: int = 0
    """The body's one item stands for one of each row that is there, up to so many."""

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def route(self) -> Route:
        return self.method, shape(f"/api/{{user_id}}{self.path.partition('?')[0]}")


def shape(path: str, id: str = "{id}") -> str:
    """The path, whatever its ids are called."""
    return re.sub(r"\{\w+\}", id, path)


def shared(kind: str, one: str) -> list[Endpoint]:
    """What tasks and documents have in common."""
    all_, this, deleted = f"/{kind}", f"/{kind}/{{{one}}}", f"/{kind}/{{deleted_{one}}}"
    new, change = {"title": "New"}, {"title": "Changed"}
    return [
        Endpoint("GET", f"{all_}?limit=100"),
        Endpoint("GET", f"{all_}?page=2"),
        Endpoint("GET", f"{all_}?include=total"),
        Endpoint("GET", f"{all_}?q=planted"),
        Endpoint("GET", f"{all_}?team_id={{team_id}}"),
        Endpoint("GET", f"{all_}?deleted=true"),
        Endpoint("GET", this),
        Endpoint("POST", all_, new),
        Endpoint("PATCH", this, change),
        Endpoint("DELETE", this),
        Endpoint("DELETE", f"{this}?permanent=true"),
        Endpoint("POST", f"{deleted}/restore"),
        Endpoint("POST", f"{all_}/batch", {"items": [new]}, BATCH),
        Endpoint("PATCH", f"{all_}/batch", {"items": [{"id": f"{{{one}}}"} | change]}, BATCH),
    ]


TALK = "/conversations/{conversation_id}"
SAID, MESSAGE = f"{TALK}/messages", {"role": "user", "content": "New"}
TEAM, MEMBERS = "/teams/{team_id}", "/teams/{team_id}/members"

TASKS = [
    *shared("tasks", "task_id"),
    Endpoint("POST", "/tasks/{task_id}/complete"),
    Endpoint("POST", "/tasks/{done_task_id}/reopen"),
    Endpoint("POST", "/tasks/batch-delete", {"ids": ["{task_id}"]}, BATCH),
    Endpoint("GET", "/tasks/stats"),
]
DOCUMENTS = [
    *shared("documents", "document_id"),
    Endpoint("POST", "/documents/{document_id}/transfer", {"to_user_id": "{member_id}"}),
]
TALKS = Endpoint("GET", "/conversations?limit=100")
CONVERSATIONS = [
    TALKS,
    Endpoint("GET", "/conversations?page=2"),
    Endpoint("GET", "/conversations?deleted=true"),
    Endpoint("GET", TALK),
    Endpoint("POST", "/conversations", {"title": "New"}),
    Endpoint("PATCH", TALK, {"title": "Changed"}),
    Endpoint("DELETE", TALK),
    Endpoint("DELETE", f"{TALK}?permanent=true"),
    Endpoint("POST", "/conversations/{deleted_conversation_id}/restore"),
    Endpoint("GET", f"{SAID}?limit=100"),
    Endpoint("GET", f"{SAID}?order=desc"),
    Endpoint("GET", f"{SAID}?page=2"),
    Endpoint("GET", f"{SAID}/{{message_id}}"),
    Endpoint("POST", SAID, MESSAGE),
    Endpoint("POST", f"{SAID}/batch", {"items": [MESSAGE]}, APPENDED),
    Endpoint("DELETE", f"{SAID}/{{message_id}}"),
]
TEAMS = [
    Endpoint("GET", "/teams?limit=100"),
    Endpoint("GET", "/teams?page=2"),
    Endpoint("GET", TEAM),
    Endpoint("POST", "/teams", {"name": "New"}),
    Endpoint("PATCH", TEAM, {"name": "Changed"}),
    Endpoint("DELETE", TEAM),
    Endpoint("PUT", f"{MEMBERS}/{{newcomer_id}}", {"role": "member"}),
    Endpoint("PUT", f"{MEMBERS}/{{member_id}}", {"role": "admin"}),
    Endpoint("DELETE", f"{MEMBERS}/{{member_id}}"),
    Endpoint("DELETE", f"{MEMBERS}/{{my_id}}"),
]
USERS = [
    Endpoint("GET", ""),
    Endpoint("PATCH", "", {"name": "Changed"}),
    Endpoint("GET", "/export"),
    Endpoint("DELETE", ""),
]
ENDPOINTS = [*TASKS, *DOCUMENTS, *CONVERSATIONS, *TEAMS, *USERS]
