"""What became of the tables, in words that are the same for every scene."""

import json
from collections import Counter
from collections.abc import Iterator

from dev.prove._cuts_names import Ids, named
from dev.prove._cuts_truth import Row, Rows

Effect = Counter[str]
"""How often each thing was done: which row was added with what in it, or removed, or which of its
columns got which value; numbers count by how much they changed."""


def effect(before: Rows, after: Rows, ids: Ids) -> Effect:
    old, new = without(after, before), without(before, after)
    past = json.dumps(old)
    old, new = (json.loads(named(json.dumps(rows), ids, past)) for rows in (old, new))
    done: Effect = Counter()
    for place in old.keys() | new.keys():
        if place not in old:
            done[f"{place} added, {json.dumps(new[place])}"] += 1
        elif place not in new:
            done[f"{place} removed"] += 1
        else:
            done.update(dict(changes(place, old[place], new[place])))
    return done


def without(others: Rows, rows: Rows) -> Rows:
    """The rows that are not the same among the others."""
    return {place: row for place, row in rows.items() if others.get(place) != row}


def changes(place: str, old: Row, new: Row) -> Iterator[tuple[str, int]]:
    for column, value in new.items():
        was = old[column]
        if type(value) is int and value != was:
            yield f"{place}.{column} {'up' if value > was else 'down'}", abs(value - was)
        elif value != was:
            yield f"{place}.{column} = {json.dumps(value)}", 1


def differences(done: Effect, due: Effect) -> str:
    wrong = sorted(each for each in done.keys() | due.keys() if done[each] != due[each])
    return ", ".join(f"{each}: {done[each]} of {due[each]}" for each in wrong)
