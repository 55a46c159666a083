"""What a cold start is made of, each part looked at in a new process of its own."""

from collections.abc import Callable
from http import HTTPStatus
from statistics import median

from dev import Trouble
from dev.events import Request
from dev.prove._cold_sandbox import Answer, Kind, Sandbox
from dev.prove._cold_stage import Stage
from dev.prove._stage import demo_token

START = "the interpreter, before all of these"
IMPORT = "import of the app"
WAKE = "wake: psycopg2.connect() alone"
WARM = "warm request"
FIRST = "first request, connected"
AWAKE = "first answer, database awake"
OURS = "first answer, database asleep"
USUAL = "the same, import and then connect"

REPEATS = 5  # warm requests, of which the median counts

Times = dict[str, float]


def importing(stage: Stage) -> Times:
    stage.wake()
    with stage.sandbox("usual") as sandbox:
        times = sandbox.ready()
    return {START: times["begun"] - sandbox.spawned, IMPORT: times["imported"] - times["begun"]}


def waking(stage: Stage) -> Times:
    stage.suspend()
    with stage.sandbox("driver") as sandbox:
        times = sandbox.ready()
    return {WAKE: times["connected"] - times["imported"]}


def awake(stage: Stage) -> Times:
    """The connection is made while Python imports, so the first request finds it."""
    stage.wake()
    with stage.sandbox() as sandbox:
        sandbox.ask(listing())
        times, first = sandbox.ready(), heard(sandbox)
        warm = median(again(sandbox).seconds for _ in range(REPEATS))
    return {
        AWAKE: first.ended - times["begun"],
        FIRST: first.ended - times["imported"],
        WARM: warm,
    }


def ours(stage: Stage) -> Times:
    return {OURS: first_answer(stage, "function")}


def usual(stage: Stage) -> Times:
    return {USUAL: first_answer(stage, "usual")}


def first_answer(stage: Stage, kind: Kind) -> float:
    """Seconds; the request is there before the process is."""
    stage.suspend()
    with stage.sandbox(kind) as sandbox:
        sandbox.ask(listing())
        began: float = sandbox.ready()["begun"]
        return heard(sandbox).ended - began


def listing() -> Request:
    return Request("GET", "/api/me/tasks", [("Authorization", f"Bearer {demo_token()}")])


def again(sandbox: Sandbox) -> Answer:
    sandbox.ask(listing())
    return heard(sandbox)


def heard(sandbox: Sandbox) -> Answer:
    """The answer; raises Trouble where it is not the list that was asked for."""
    answer = sandbox.hear()
    if answer is None or answer.response.status != HTTPStatus.OK:
        raise Trouble(f"The function did not list the tasks: {answer}")
    return answer


LOOKS: list[Callable[[Stage], Times]] = [importing, waking, awake, ours, usual]
