"""Holds what callers were told against what the database holds in the end."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from dev.prove._soak_answers import Wrong, wrong_answers, wrong_reads, wrong_repeats
from dev.prove._soak_told import Deeds, Fate, Told, fate


class Task(NamedTuple):
    """A row as it is in the end."""

    id: str
    title: str
    description: str
    version: int
    deleted: bool


def reconcile(told: list[Told], tasks: list[Task], ledgers: Collection[str]) -> list[Wrong]:
    """All that is wrong; `ledgers` are the ids of the tasks that were there before."""
    told = sorted(told, key=lambda one: one.began)
    deeds: Deeds = defaultdict(list)
    for one in told:
        deeds[one.deed].append(one)
    return [
        *wrong_answers(told),
        *wrong_reads(told),
        *wrong_repeats(deeds),
        *wrong_additions(deeds, [task for task in tasks if task.id not in ledgers]),
        *wrong_ledgers(deeds, [task for task in tasks if task.id in ledgers]),
        *wrong_versions(deeds, tasks),
        *wrong_deletions(deeds, tasks),
    ]


def wrong_additions(deeds: Deeds, tasks: list[Task]) -> Iterator[Wrong]:
    """Each title asked for is there as often as was told, as the very task that was told."""
    ids: dict[str, list[str]] = defaultdict(list)
    for task in tasks:
        ids[task.title].append(task.id)
    for name, tellings in deeds.items():
        there = [ids.pop(title, []) for title in tellings[0].titles]
        for title, found in zip(tellings[0].titles, there, strict=True):
            yield from wrong_number(fate(tellings), len(found), f"task {title}")
        if len({bool(found) for found in there}) > 1:
            yield Wrong("torn batches", f"{name} was added in part")
        told = {id for one in tellings for id in one.seen}
        if there and told - {id for found in there for id in found}:
            yield Wrong("lost writes", f"{name} was told of another task than there is")
    for title in ids:
        yield Wrong("denied writes", f"task {title}: nobody asked for it")


def wrong_ledgers(deeds: Deeds, ledgers: list[Task]) -> Iterator[Wrong]:
    """The names in the ledgers are those of the deeds that were acknowledged, each once."""
    written = Counter(name for ledger in ledgers for name in ledger.description.split())
    for name, tellings in deeds.items():
        if tellings[0].kind == "append":
            yield from wrong_number(fate(tellings), written[name], f"{name} in its ledger")


def wrong_number(fate: Fate, times: int, what: str) -> Iterator[Wrong]:
    if times > 1:
        yield Wrong("duplicates", f"{what} is there {times} times")
    if times == 0 and fate == "done":
        yield Wrong("lost writes", f"{what} is missing")
    if times and fate == "not done":
        yield Wrong("denied writes", f"{what} is there")


def wrong_versions(deeds: Deeds, tasks: list[Task]) -> Iterator[Wrong]:
    """A task has had as many changes as were acknowledged, and no more than may have happened."""
    fates: dict[str, list[Fate]] = defaultdict(list)
    for tellings in deeds.values():
        for id in tellings[0].ids:
            fates[id].append(fate(tellings))
    for task in tasks:
        least = 1 + fates[task.id].count("done")
        most = least + fates[task.id].count("unknown")
        seen = f"task {task.id}: version {task.version}, told of {least} to {most}"
        if task.version < least:
            yield Wrong("lost writes", seen)
        if task.version > most:
            yield Wrong("duplicates", seen)


def wrong_deletions(deeds: Deeds, tasks: list[Task]) -> Iterator[Wrong]:
    deleted = {task.id for task in tasks if task.deleted}
    for name, tellings in deeds.items():
        if tellings[0].kind == "delete":
            gone = [id in deleted for id in tellings[0].ids]
            yield from wrong_number(fate(tellings), min(sum(gone), 1), f"deletion {name}")
            if len(set(gone)) > 1:
                yield Wrong("torn batches", f"{name} was deleted in part")
