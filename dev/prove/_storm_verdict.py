"""A storm's table: who was served, and what of it meets the goal."""

from dev.prove import Verdict
from dev.prove._soak_verdict import COLUMNS, SHOWN, Line
from dev.prove._storm_answers import Answer, names, percentile, wrong_twins
from dev.prove._storm_parts import TWINS, Held, Twins
from dev.prove._storm_stage import POOL

FULL = "503 database_connections"


def judge(
    held: Held, alone: list[Answer], twins: Twins, sandboxes: int, connections: int
) -> Verdict:
    lines = [
        connected(held, sandboxes),
        served("first requests, kept until all were there", held.first, sandboxes),
        served("requests from then on", held.later, 1),
        refused(alone, sandboxes - connections),
        one_effect(twins),
    ]
    errors = sum(not answer.succeeded for answer in held.first + held.later)
    figure = (
        f"{held.connected.clients} sandboxes on {held.connected.servers} connections: {errors} "
        f"errors, p99 {milliseconds(held.later, 0.99)}; {len(twins.answers)} requests "
        f"with {twins.keys} keys: {effects(twins)} effects"
    )
    return Verdict(COLUMNS, [line.row() for line in lines], figure, all(one.met for one in lines))


def connected(held: Held, sandboxes: int) -> Line:
    full, end = held.connected, held.in_the_end
    seen = f"{full.clients} on {full.servers} of Postgres', {end.clients} in the end"
    met = full.clients == end.clients == sandboxes and max(full.servers, end.servers) <= POOL
    return Line("connections to PgBouncer at once", seen, f"{sandboxes} on ≤ {POOL}", met)


def served(what: str, answers: list[Answer], least: int) -> Line:
    fast, slow = milliseconds(answers, 0.5), milliseconds(answers, 0.99)
    met = len(answers) >= least and all(answer.succeeded for answer in answers)
    return Line(what, f"{names(answers)}; p50 {fast}, p99 {slow}", f"≥ {least}, no error", met)


def refused(answers: list[Answer], least: int) -> Line:
    """Those who come when all connections are taken, and are told so."""
    told = [answer.name for answer in answers if not answer.succeeded]
    met = len(told) >= least and set(told) <= {FULL}
    return Line("the same straight at Postgres", names(answers), f"≥ {least} {FULL}", met)


def one_effect(twins: Twins) -> Line:
    wrong = list(wrong_twins(twins.answers, twins.effects))
    told = f"{effects(twins)} effects; {names(twins.answers)}; at once for {twins.together} keys"
    seen = "\n".join([told, *wrong[:SHOWN]])
    all_heard = len(twins.answers) == TWINS * twins.keys
    what = f"{TWINS} requests at once with one key"
    return Line(what, seen, f"{twins.keys} effects", all_heard and not wrong)


def effects(twins: Twins) -> int:
    return sum(map(len, twins.effects.values()))


def milliseconds(answers: list[Answer], part: float) -> str:
    return f"{percentile(answers, part) * 1000:.0f} ms"
