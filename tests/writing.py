"""Documents as tests write them."""

from typing import Any

from tests.people import Person


def write(person: Person, title: str = "Notes", **fields: Any) -> dict[str, Any]:
    """A new document, as the API returns it."""
    added = person.post("documents", json={"title": title, **fields})
    assert added.status_code == 201, added.text
    document: dict[str, Any] = added.json()
    return document


def listed(person: Person, **query: Any) -> list[dict[str, Any]]:
    answer = person.get("documents", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def titles(person: Person, **query: Any) -> list[str]:
    """The titles of the listed documents, in their order."""
    return [document["title"] for document in listed(person, **query)]
