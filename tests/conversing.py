"""Conversations as tests begin them, and what is said in them."""

from typing import Any

from tests.people import Person


def start(person: Person, **fields: Any) -> dict[str, Any]:
    """A new conversation, as the API returns it."""
    added = person.post("conversations", json=fields)
    assert added.status_code == 201, added.text
    conversation: dict[str, Any] = added.json()
    return conversation


def under(conversation: dict[str, Any]) -> str:
    """Where its messages are."""
    return f"conversations/{conversation['id']}/messages"


def say(person: Person, conversation: dict[str, Any], *contents: str) -> list[dict[str, Any]]:
    """New messages, in this order, as the API returns them."""
    items = [{"role": "user", "content": content} for content in contents]
    added = person.post(f"{under(conversation)}/batch", json={"items": items})
    assert added.status_code == 201, added.text
    messages: list[dict[str, Any]] = added.json()["items"]
    return messages


def read(person: Person, conversation: dict[str, Any]) -> dict[str, Any]:
    """The conversation as it is now."""
    found = person.get(f"conversations/{conversation['id']}")
    assert found.status_code == 200, found.text
    now: dict[str, Any] = found.json()
    return now


def contents(page: dict[str, Any]) -> list[str]:
    return [message["content"] for message in page["items"]]
