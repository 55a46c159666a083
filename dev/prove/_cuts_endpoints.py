"""The requests that are cut: every route, with names in braces for what is there before."""

from typing import Any, NamedTuple

Body = dict[str, Any]


class Endpoint(NamedTuple):
    """One request, below the caller's own address."""

    method: str
    path: str
    body: Body | None = None
    match: str = ""
    """Whose version If-Match may name; "items": each item of the body names its own."""

    new: bool = False
    """Whether it needs nothing to be there, not even the caller's own row."""

    refused: bool = False
    """Whether the tables forbid it, however often it is sent."""

    given: str = ""
    """SQL of what else is so before."""

    thorough: bool = False
    """Cut in all ways, and in the login too: a few of each kind are, since all statements travel
    alike. The others are cut once between any two messages, and once inside each."""


def items(*each: Body) -> Body:
    return {"items": list(each)}


def shared(kind: str, one: str) -> list[Endpoint]:
    """What tasks and documents have in common."""
    all_, this, title = f"/{kind}", f"/{kind}/{{{one}}}", {"title": "Changed"}
    three = [f"{{{one}}}", f"{{second_{one}}}", f"{{third_{one}}}"]
    return [
        Endpoint("GET", all_),
        Endpoint("GET", f"{all_}?q=planted"),
        Endpoint("GET", this),
        Endpoint("POST", all_, {"title": "New"}, new=True),
        Endpoint("PATCH", this, title, match=one),
        Endpoint("DELETE", this, match=one),
        Endpoint("DELETE", f"{this}?permanent=true", match=one),
        Endpoint("POST", f"{all_}/{{deleted_{one}}}/restore", match=f"deleted_{one}"),
        Endpoint("POST", f"{all_}/batch", items(*({"title": f"New {n}"} for n in "123")), new=True),
        Endpoint("PATCH", f"{all_}/batch", items(*({"id": id} | title for id in three)), "items"),
    ]


TALK = "/conversations/{conversation}"
SAID = f"{TALK}/messages"
TEAM, MEMBERS = "/teams/{team}", "/teams/{team}/members"
MESSAGE = {"role": "user", "content": "New", "metadata": {"model": "large"}}
THREE = items(*(MESSAGE | {"content": each} for each in "123"))

ONLY_OWNER = """
UPDATE members SET role = 'member' WHERE (team_id, user_id) = (%(team)s, %(mate)s)
"""

TASKS = [
    *shared("tasks", "task"),
    Endpoint("POST", "/tasks/{task}/complete", match="task"),
    Endpoint("POST", "/tasks/{done_task}/reopen", match="done_task"),
    Endpoint("POST", "/tasks/batch-delete", {"ids": ["{task}", "{second_task}", "{third_task}"]}),
    Endpoint("GET", "/tasks/stats"),
]
DOCUMENTS = [
    *shared("documents", "document"),
    Endpoint(
        "POST",
        "/documents/{document}/transfer",
        {"to_user_id": "{mate}"},
        match="document",
        thorough=True,
    ),
]
CONVERSATIONS = [
    Endpoint("GET", "/conversations"),
    Endpoint("GET", TALK),
    Endpoint("POST", "/conversations", {"title": "New"}, new=True, thorough=True),
    Endpoint("PATCH", TALK, {"title": "Changed"}, match="conversation", thorough=True),
    Endpoint("DELETE", TALK, match="conversation"),
    Endpoint("DELETE", f"{TALK}?permanent=true", match="conversation"),
    Endpoint("POST", "/conversations/{deleted_conversation}/restore", match="deleted_conversation"),
]
MESSAGES = [
    Endpoint("GET", SAID, thorough=True),
    Endpoint("GET", f"{SAID}/{{message}}"),
    Endpoint("POST", SAID, MESSAGE),
    Endpoint("POST", f"{SAID}/batch", THREE, thorough=True),
    Endpoint("DELETE", f"{SAID}/{{second_message}}"),
]
TEAMS = [
    Endpoint("GET", "/teams"),
    Endpoint("GET", TEAM),
    Endpoint("POST", "/teams", {"name": "{user} and others"}, new=True),
    Endpoint("PATCH", TEAM, {"name": "{user} and all"}, match="team"),
    Endpoint("DELETE", TEAM, match="team"),
    Endpoint("PUT", f"{MEMBERS}/{{newcomer}}", {"role": "member"}, match="team", thorough=True),
    Endpoint("PUT", f"{MEMBERS}/{{mate}}", {"role": "admin"}, match="team"),
    Endpoint("PUT", "/teams/{alone}/members/me", {"role": "member"}, refused=True),
    Endpoint("DELETE", f"{MEMBERS}/{{mate}}", match="team"),
    Endpoint("DELETE", f"{MEMBERS}/me", match="team"),
    Endpoint("DELETE", "/teams/{alone}/members/me", match="alone"),
]
USERS = [
    Endpoint("GET", ""),
    Endpoint("GET", "/export"),
    Endpoint("PATCH", "", {"name": "Changed"}, new=True),
    Endpoint("DELETE", "", new=True, thorough=True),
    Endpoint("DELETE", "", refused=True, given=ONLY_OWNER),
]
ENDPOINTS = {
    "tasks": TASKS,
    "documents": DOCUMENTS,
    "conversations": CONVERSATIONS,
    "messages": MESSAGES,
    "teams": TEAMS,
    "users": USERS,
}
