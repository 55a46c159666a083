"""Who may do what: every route, in each of its cases, and what each kind of caller gets."""

from typing import Any, NamedTuple

Ids = dict[str, str]


class Case(NamedTuple):
    """A request, and the status that each member of the owner's team gets, and an outsider."""

    method: str
    path: str
    of: str
    owner: int
    admin: int
    teammate: int
    outsider: int
    body: Any = None
    shows: str = ""
    """What the answer shows of the owner's rows: `shared` to all in the team, `private` to him."""

    @property
    def route(self) -> tuple[str, str]:
        return self.method, self.path.partition("?")[0]

    def __str__(self) -> str:
        return " ".join(map(str, filter(None, (self.method, self.path, self.body, "of", self.of))))


def filled(template: Any, ids: Ids) -> Any:
    """The template with these ids where it names them."""
    if isinstance(template, dict):
        return {name: filled(each, ids) for name, each in template.items()}
    if isinstance(template, list):
        return [filled(each, ids) for each in template]
    return template.format(**ids) if isinstance(template, str) else template


def shareable(kind: str, one: str) -> list[Case]:
    """What holds for tasks and documents alike."""
    this, title = f"{kind}/{{{one}}}", {"title": "New"}
    in_team, batch = {"title": "New", "team_id": "{team_id}"}, [{"title": "New"}]
    team_batch = [*batch, {"title": "New", "team_id": "{team_id}"}]
    patches = {"items": [{"id": f"{{{one}}}", "title": "New"}]}
    moves = {"items": [{"id": f"{{{one}}}", "team_id": None}]}
    return [
        Case("GET", kind, "shared", 200, 200, 200, 200, shows="shared private"),
        Case("GET", f"{kind}?team_id={{team_id}}", "shared", 200, 200, 200, 200, shows="shared"),
        Case("GET", f"{kind}?q=zprivate", "private", 200, 200, 200, 200, shows="private"),
        Case("GET", f"{kind}?deleted=true", "deleted", 200, 200, 200, 200, shows="shared"),
        Case("POST", kind, "private", 201, 201, 201, 201, title),
        Case("POST", kind, "shared", 201, 201, 201, 404, in_team),
        Case("POST", f"{kind}/batch", "private", 201, 201, 201, 201, {"items": batch}),
        Case("POST", f"{kind}/batch", "shared", 201, 201, 201, 404, {"items": team_batch}),
        Case("PATCH", f"{kind}/batch", "shared", 200, 200, 200, 404, patches),
        Case("PATCH", f"{kind}/batch", "private", 200, 404, 404, 404, patches),
        Case("PATCH", f"{kind}/batch", "deleted", 404, 404, 404, 404, patches),
        Case("PATCH", f"{kind}/batch", "shared", 200, 403, 403, 404, moves),
        Case("GET", this, "shared", 200, 200, 200, 404, shows="shared"),
        Case("GET", this, "private", 200, 404, 404, 404, shows="private"),
        Case("GET", this, "deleted", 404, 404, 404, 404),
        Case("PATCH", this, "shared", 200, 200, 200, 404, title),
        Case("PATCH", this, "private", 200, 404, 404, 404, title),
        Case("PATCH", this, "deleted", 404, 404, 404, 404, title),
        Case("PATCH", this, "shared", 200, 403, 403, 404, {"team_id": None}),
        Case("DELETE", this, "shared", 204, 204, 403, 404),
        Case("DELETE", this, "private", 204, 404, 404, 404),
        Case("DELETE", this, "deleted", 404, 404, 404, 404),
        Case("DELETE", f"{this}?permanent=true", "shared", 204, 204, 403, 404),
        Case("DELETE", f"{this}?permanent=true", "private", 204, 404, 404, 404),
        Case("DELETE", f"{this}?permanent=true", "deleted", 204, 204, 403, 404),
        Case("POST", f"{this}/restore", "shared", 409, 409, 403, 404),
        Case("POST", f"{this}/restore", "private", 409, 404, 404, 404),
        Case("POST", f"{this}/restore", "deleted", 200, 200, 403, 404),
    ]


TASK, DOCUMENT = "tasks/{task_id}", "documents/{document_id}"
TALK = "conversations/{conversation_id}"
SAID, ITEM = f"{TALK}/messages", {"role": "user", "content": "New"}
ITEMS = {"items": [ITEM]}
TEAM, MEMBER = "teams/{team_id}", "teams/{team_id}/members/{member_id}"
TO_MEMBER = {"to_user_id": "{member_id}"}

CASES = [
    *shareable("tasks", "task_id"),
    Case("GET", "tasks/stats", "shared", 200, 200, 200, 200),
    Case("POST", "tasks/batch-delete", "shared", 204, 204, 403, 404, {"ids": ["{task_id}"]}),
    Case("POST", "tasks/batch-delete", "private", 204, 404, 404, 404, {"ids": ["{task_id}"]}),
    Case("POST", "tasks/batch-delete", "deleted", 404, 404, 404, 404, {"ids": ["{task_id}"]}),
    Case("POST", f"{TASK}/complete", "shared", 200, 200, 200, 404),
    Case("POST", f"{TASK}/complete", "private", 200, 404, 404, 404),
    Case("POST", f"{TASK}/complete", "deleted", 404, 404, 404, 404),
    Case("POST", f"{TASK}/reopen", "shared", 200, 200, 200, 404),
    Case("POST", f"{TASK}/reopen", "private", 200, 404, 404, 404),
    Case("POST", f"{TASK}/reopen", "deleted", 404, 404, 404, 404),
    *shareable("documents", "document_id"),
    Case("POST", f"{DOCUMENT}/transfer", "shared", 200, 403, 403, 404, TO_MEMBER),
    Case("POST", f"{DOCUMENT}/transfer", "private", 200, 404, 404, 404, TO_MEMBER),
    Case("POST", f"{DOCUMENT}/transfer", "deleted", 404, 404, 404, 404, TO_MEMBER),
    Case("GET", "conversations", "private", 200, 200, 200, 200, shows="private"),
    Case("GET", "conversations?deleted=true", "deleted", 200, 200, 200, 200, shows="private"),
    Case("POST", "conversations", "private", 201, 201, 201, 201, {"title": "New"}),
    Case("GET", TALK, "private", 200, 404, 404, 404, shows="private"),
    Case("GET", TALK, "deleted", 404, 404, 404, 404),
    Case("PATCH", TALK, "private", 200, 404, 404, 404, {"title": "New"}),
    Case("PATCH", TALK, "deleted", 404, 404, 404, 404, {"title": "New"}),
    Case("DELETE", TALK, "private", 204, 404, 404, 404),
    Case("DELETE", TALK, "deleted", 404, 404, 404, 404),
    Case("DELETE", f"{TALK}?permanent=true", "private", 204, 404, 404, 404),
    Case("POST", f"{TALK}/restore", "private", 409, 404, 404, 404),
    Case("POST", f"{TALK}/restore", "deleted", 200, 404, 404, 404),
    Case("GET", SAID, "private", 200, 404, 404, 404, shows="private"),
    Case("GET", SAID, "deleted", 404, 404, 404, 404),
    Case("POST", SAID, "private", 201, 404, 404, 404, ITEM),
    Case("POST", SAID, "deleted", 404, 404, 404, 404, ITEM),
    Case("POST", f"{SAID}/batch", "private", 201, 404, 404, 404, ITEMS),
    Case("POST", f"{SAID}/batch", "deleted", 404, 404, 404, 404, ITEMS),
    Case("GET", f"{SAID}/{{message_id}}", "private", 200, 404, 404, 404, shows="private"),
    Case("GET", f"{SAID}/{{message_id}}", "deleted", 404, 404, 404, 404),
    Case("DELETE", f"{SAID}/{{message_id}}", "private", 204, 404, 404, 404),
    Case("DELETE", f"{SAID}/{{message_id}}", "deleted", 404, 404, 404, 404),
    Case("GET", "teams", "shared", 200, 200, 200, 200, shows="shared"),
    Case("POST", "teams", "private", 201, 201, 201, 201, {"name": "New"}),
    Case("GET", TEAM, "shared", 200, 200, 200, 404, shows="shared"),
    Case("PATCH", TEAM, "shared", 200, 200, 403, 404, {"name": "New"}),
    Case("DELETE", TEAM, "shared", 204, 403, 403, 404),
    Case("PUT", MEMBER, "shared", 200, 200, 403, 404, {"role": "admin"}),
    Case("PUT", MEMBER, "shared", 200, 403, 403, 404, {"role": "owner"}),
    Case("PUT", MEMBER, "a newcomer", 201, 201, 403, 404, {"role": "member"}),
    Case("PUT", MEMBER, "a newcomer", 201, 403, 403, 404, {"role": "owner"}),
    Case("PUT", MEMBER, "the owner", 409, 403, 403, 404, {"role": "member"}),
    Case("PUT", MEMBER, "oneself", 200, 403, 403, 404, {"role": "owner"}),
    Case("DELETE", MEMBER, "shared", 204, 204, 403, 404),
    Case("DELETE", MEMBER, "a newcomer", 404, 404, 403, 404),
    Case("DELETE", MEMBER, "the owner", 409, 403, 403, 404),
    Case("DELETE", MEMBER, "oneself", 409, 204, 204, 404),
    Case("GET", "", "private", 200, 200, 200, 200),
    Case("PATCH", "", "private", 200, 200, 200, 200, {"name": "New"}),
    Case("DELETE", "", "private", 409, 204, 204, 204),
    Case("GET", "export", "private", 200, 200, 200, 200, shows="shared private"),
    *(
        Case("GET", f"/health{which}", "nothing", 200, 200, 200, 200)
        for which in ("", "/ready", "/db")
    ),
]
