"""Ids by their names: texts are written with names, and are compared by names."""

import re

Ids = dict[str, str]

TIME = r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?"
ID = r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"
HASH = r"[\da-f]{32,}"
HOURS = r'(?<=_hours_to_complete":)[\d.e-]+'
OWN = re.compile(rf"(?P<time>{TIME})|(?P<id>{ID})|{HASH}|{HOURS}")
"""What differs from one request to its like: also hashes, and how long a task took to be done."""


def filled(text: str, ids: Ids) -> str:
    """With the ids where the text has their names in braces."""
    for name, id in ids.items():
        text = text.replace(f"{{{name}}}", id)
    return text


def named(text: str, ids: Ids, past: str = "") -> str:
    """The other way round, so that two texts are equal if they say the same.

    An id without a name gets one from its place among its like: ids are made in order. A time, from
    whether it stands in what was there before, the `past`.
    """
    names = {id: name for name, id in ids.items()}
    for id in [*own("id", past), *own("id", text)]:
        names.setdefault(id, f"new {len(names) - len(ids)}")
    names |= dict.fromkeys(own("time", text), "now") | dict.fromkeys(own("time", past), "then")
    return OWN.sub(lambda found: f"{{{names.get(found[0], '…')}}}", text)


def own(kind: str, text: str) -> list[str]:
    """Its ids or times, in order."""
    return sorted(found[kind] for found in OWN.finditer(text) if found[kind])
