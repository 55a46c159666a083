"""What the API has and Neon's has not: the ports behind the front, and faults on command."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from dev.neon.api.answers import Answer
from dev.neon.api.asked import Asked
from dev.neon.computes.compute import Compute
from dev.neon.project.refusals import unprocessable
from dev.neon.proxy.faults import Cut, Delay, Fault, Faults
from dev.neon.proxy.known_faults import KNOWN

router = APIRouter(prefix="/laptop")

CRASHES: dict[str, tuple[Callable[[Compute], None], str]] = {
    "postgres_crash": (Compute.restart_postgres, "Postgres crashes and is back, at once"),
    "pgbouncer_crash": (Compute.restart_pgbouncer, "PgBouncer crashes and is back, at once"),
}
"""These do not wait for a connection to meet."""


class FaultWish(BaseModel):
    name: str
    times: Annotated[int, Field(ge=1)] | None = 1
    """How many connections it meets; null: all, until the faults are cleared."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    """How long a `slow` connection takes."""

    after: Annotated[int, Field(ge=0)] | None = None
    """How many protocol messages pass before a session is cut."""


def asked_faults(request: Request) -> Faults:
    faults: Faults = request.app.state.faults
    return faults


Waiting = Annotated[Faults, Depends(asked_faults)]


@router.get("/ports")
def get_ports(project: Asked) -> Answer:
    """Those of Postgres and PgBouncer change with every wake; absent while they sleep."""
    branch = project.state.default.id
    if not project.awake(branch):
        return {"front": project.port}
    compute = project.wake(branch)
    pooler = {"pgbouncer": compute.pooled} if compute.has_pooler else {}
    return {"front": project.port, "postgres": compute.direct, **pooler}


@router.get("/faults")
def list_faults(faults: Waiting) -> Answer:
    """All that have a name, and those that wait for a connection to meet."""
    explained = {name: known.explanation for name, known in KNOWN.items()}
    explained |= {name: words for name, (_, words) in CRASHES.items()}
    waiting = [{"fault": asked_as(fault), "times": times} for fault, times in faults.waiting()]
    return {"faults": explained, "waiting": waiting}


def asked_as(fault: Fault) -> str:
    """As `thaw neon fault` takes it; what has no name there was called by a program."""
    for name, known in KNOWN.items():
        if known.fault == fault:
            return name
        if isinstance(fault, Delay) and isinstance(known.fault, Delay):
            return f"{name} --seconds {fault.seconds:g}"
        if isinstance(fault, Cut) and known.fault == replace(fault, messages=0):
            return f"{name} --after {fault.messages}"
    return repr(fault)


@router.post("/faults", status_code=204)
def add_fault(project: Asked, faults: Waiting, wish: FaultWish) -> None:
    if wish.name in CRASHES:
        compute = project.wake(project.state.default.id)
        if wish.name == "pgbouncer_crash" and not compute.has_pooler:
            raise unprocessable("there is no pgbouncer on PATH")
        crash, _ = CRASHES[wish.name]
        crash(compute)
    elif wish.name in KNOWN:
        faults.add(fitted(KNOWN[wish.name].fault, wish), wish.times)
    else:
        raise unprocessable(f"there is no fault named {wish.name}: `thaw neon faults` lists them")


@router.delete("/faults", status_code=204)
def clear_faults(faults: Waiting) -> None:
    faults.clear()


def fitted(fault: Fault, wish: FaultWish) -> Fault:
    if wish.seconds is not None:
        if not isinstance(fault, Delay):
            raise unprocessable("only `slow` takes a number of seconds")
        fault = replace(fault, seconds=wish.seconds)
    if wish.after is not None:
        if not isinstance(fault, Cut):
            raise unprocessable("only a session can be cut after a number of messages")
        fault = replace(fault, messages=wish.after)
    return fault
