"""What a program does with the generated Python client: `scenario.py ADDRESS TOKEN OTHERS_TOKEN`.

It is started by test_clients.py, with a Python that knows the client and nothing of the app.
"""

import sys
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid4

from thaw_client import AuthenticatedClient
from thaw_client.api.conversations import add_conversation, get_conversation
from thaw_client.api.documents import add_document, list_documents
from thaw_client.api.messages import add_message, add_messages, list_messages
from thaw_client.api.tasks import add_task, change_task, complete_task, get_task, list_tasks
from thaw_client.api.teams import add_team, delete_member, get_team, put_member
from thaw_client.api.users import export_everything, get_profile
from thaw_client.models import (
    ConversationOut,
    DocumentOut,
    DocumentPage,
    Export,
    ExportedTask,
    ListTasksPriorityItem,
    Membership,
    MessagePage,
    MessageRole,
    MessagesOut,
    NewConversation,
    NewDocument,
    NewMessage,
    NewMessages,
    NewTask,
    NewTeam,
    Priority,
    Problem,
    Profile,
    Status,
    TaskChange,
    TaskOut,
    TaskPage,
    TeamOut,
    TeamRole,
)

Answer = TypeVar("Answer")
DUE = datetime(2030, 6, 1, 9, tzinfo=UTC)


def main(address: str, token: str, teammates_token: str) -> None:
    me = AuthenticatedClient(address, token)
    teammate = AuthenticatedClient(address, teammates_token)
    with me, teammate:
        plan(me)
        talk(me)
        find(me)
        share(me, teammate)
        take_along(me)
    stranger = AuthenticatedClient(address, "no token")
    refused(get_profile.sync("me", client=stranger), 401, "unauthorized")


def plan(me: AuthenticatedClient) -> None:
    """A task is added once, found, changed if nobody else did, and done."""
    new = NewTask("Water the plants", priority=Priority.HIGH, tags=["home"])
    added = add_task.sync_detailed("me", client=me, body=new, idempotency_key="scenario")
    task = sure(TaskOut, added.parsed)
    again = add_task.sync_detailed("me", client=me, body=new, idempotency_key="scenario")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.parsed == task
    assert added.headers["Location"] == f"/api/me/tasks/{task.id}"
    listed = list_tasks.sync("me", client=me, priority=[ListTasksPriorityItem.HIGH], q="plants")
    assert [each.id for each in sure(TaskPage, listed).items] == [task.id]
    change(me, task.id, added.headers["ETag"])


def change(me: AuthenticatedClient, task: UUID, etag: str) -> None:
    changed = change_task.sync_detailed(
        "me", task, client=me, body=TaskChange(due_at=DUE), if_match=etag
    )
    assert sure(TaskOut, changed.parsed).due_at == DUE
    late = TaskChange(title="Too late")
    stale = change_task.sync("me", task, client=me, body=late, if_match=etag)
    refused(stale, 412, "precondition_failed")
    done = sure(TaskOut, complete_task.sync("me", task, client=me))
    assert (done.status, done.completed, done.title) == (Status.DONE, True, "Water the plants")
    seen = get_task.sync_detailed("me", task, client=me, if_none_match=f'"{done.version}"')
    assert (seen.status_code, seen.parsed) == (304, None)
    refused(get_task.sync("me", uuid4(), client=me), 404, "not_found")


def talk(me: AuthenticatedClient) -> None:
    """Messages come back in the order in which they were sent."""
    begun = add_conversation.sync("me", client=me, body=NewConversation("Holiday plans"))
    id = sure(ConversationOut, begun).id
    add_message.sync("me", id, client=me, body=NewMessage(MessageRole.USER, "Where to?"))
    answers = [NewMessage(MessageRole.ASSISTANT, text) for text in ("Rome.", "Or Oslo.")]
    sure(MessagesOut, add_messages.sync("me", id, client=me, body=NewMessages(answers)))
    page = sure(MessagePage, list_messages.sync("me", id, client=me, limit=2))
    rest = sure(MessagePage, list_messages.sync("me", id, client=me, after=page.next_ or ""))
    said = [message.content for message in (*page.items, *rest.items)]
    assert said == ["Where to?", "Rome.", "Or Oslo."]
    told = sure(ConversationOut, get_conversation.sync("me", id, client=me))
    assert told.message_count == len(said)


def find(me: AuthenticatedClient) -> None:
    """Words of a document lead to it, and are shown with what stands around them."""
    note = NewDocument("Travel notes", content="The ferry leaves at dawn")
    document = sure(DocumentOut, add_document.sync("me", client=me, body=note))
    found = list_documents.sync("me", client=me, q="ferry -train")
    (item,) = sure(DocumentPage, found).items
    assert item.id == document.id
    assert "<mark>ferry</mark>" in str(item.snippet)


def share(me: AuthenticatedClient, teammate: AuthenticatedClient) -> None:
    """A member sees what is shared with the team, and after leaving it no more."""
    team = sure(TeamOut, add_team.sync("me", client=me, body=NewTeam("Gardeners")))
    who = sure(Profile, get_profile.sync("me", client=teammate)).id
    refused(get_team.sync("me", team.id, client=teammate), 404, "not_found")
    joined = put_member.sync_detailed(
        "me", team.id, who, client=me, body=Membership(TeamRole.MEMBER)
    )
    assert joined.status_code == 201
    assert who in {member.user_id for member in sure(TeamOut, joined.parsed).members}
    shared = sure(
        TaskOut, add_task.sync("me", client=me, body=NewTask("Mow the lawn", team_id=team.id))
    )
    assert get_task.sync("me", shared.id, client=teammate) == shared
    delete_member.sync("me", team.id, "me", client=teammate)
    refused(get_task.sync("me", shared.id, client=teammate), 404, "not_found")


def take_along(me: AuthenticatedClient) -> None:
    """What is exported is of the kind that it says it is."""
    export = sure(Export, export_everything.sync("me", client=me))
    tasks = [each for each in export.items if isinstance(each, ExportedTask)]
    assert {each.item.title for each in tasks} == {"Water the plants", "Mow the lawn"}


def sure(kind: type[Answer], answer: object) -> Answer:
    assert isinstance(answer, kind), answer
    return answer


def refused(answer: object, status: int, code: str) -> None:
    problem = sure(Problem, answer)
    assert (problem.status, problem.code) == (status, code)


if __name__ == "__main__":
    main(*sys.argv[1:])
