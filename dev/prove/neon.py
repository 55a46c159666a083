"""Holds the local Neon, or with --real Neon itself, against what is claimed of Neon."""

import importlib
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import chdir, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dev import Trouble
from dev.local import environment
from dev.neon.account import at_neon
from dev.neon.cloud import Cloud
from dev.neon.computes import pgbouncer
from dev.neon.service import Service
from dev.prove import Proof, Step, Verdict
from dev.prove import _neon_laptop as laptop
from dev.prove._neon_branch import Branch, branch
from dev.prove._neon_claims import WAKE, Claim, Seen, connecting, look, pooling, sleeping
from dev.prove._neon_copies import Copy
from dev.prove._stage import ask, demo_token

GOAL = "every claim about Neon is so: by the local one, or with --real by Neon itself."


WIDEST = 100  # letters of what was seen; Neon's longest message has four hundred

REAL = "Ask the Neon of NEON_API_KEY and NEON_PROJECT_ID, in a branch of our own."


def prove(*, real: Annotated[bool, typer.Option("--real", help=REAL)] = False) -> Proof:
    if not real and pgbouncer.program() is None:
        raise Trouble("No pgbouncer on PATH, and half of the claims are about Neon's: install it.")
    seen: list[Seen] = []
    yield Step("starting Neon", 0)
    with away() as directory:
        if real:
            yield from hold(seen, neon_itself())
        else:
            with Cloud(directory / "neon") as cloud:
                yield from hold(seen, laptop.service(cloud), cloud.directory)
            yield Step("thaw up", 0.8)
            seen += map(look, laptop.starting(directory / "state"))
    return judge(seen)


def hold(seen: list[Seen], service: Service, directory: Path | None = None) -> Iterator[Step]:
    """Look at every claim, in a branch of our own; of disk and processes only with a directory."""
    with branch(service) as ours:
        for done, part in enumerate((connecting, pooling, sleeping)):
            yield Step(part.__name__, 0.1 + done / 10)
            seen += map(look, part(ours))
        yield Step("the API", 0.4)
        seen.append(look(request(ours)))
        yield Step("branches", 0.6)
        before = laptop.traces(directory) if directory else None
        with closing(Copy(ours)) as copy:
            seen += map(look, copy.claims())
            now = laptop.traces(directory) if directory else None
            seen.append(look(copy.deleted()))
        if before and now:
            seen.append(look(laptop.freed(now.since(before))))


def request(branch: Branch) -> Claim:
    """The app itself, through Lambda's door; its pooled connection dies and its database sleeps."""
    os.environ |= environment(branch.pooled, branch.direct) | {"LOG_LEVEL": "WARNING"}

    def see() -> float:
        importlib.import_module("migrations.job").upgrade()
        token = demo_token()
        ask("GET", "/api/me/tasks", token)
        branch.suspend()
        begun = time.monotonic()
        answer = ask("GET", "/api/me/tasks", token)
        if answer.status != 200:  # noqa: PLR2004
            raise Trouble(f"{answer.status}: {answer.body.decode()}")
        return time.monotonic() - begun

    return Claim("the API's first request after suspend", WAKE, see)


def neon_itself() -> Service:
    """With the strictest checks that libpq knows."""
    service = at_neon()
    if service is None:
        raise Trouble("Set NEON_API_KEY and NEON_PROJECT_ID to prove it on Neon itself.")
    authorities = ssl.get_default_verify_paths().cafile or "system"
    return service._replace(libpq={"sslmode": "verify-full", "sslrootcert": authorities})


@contextmanager
def away() -> Iterator[Path]:
    """A directory of this proof alone; away from the checkout, whose .env would have a say."""
    with TemporaryDirectory(prefix="thaw-") as directory, chdir(directory):
        yield Path(directory)


def judge(seen: list[Seen]) -> Verdict:
    so = sum(one.so for one in seen)
    rows: list[tuple[str, ...]] = [
        (one.words, one.expected, shorten(one.seen), "yes" if one.so else "NO") for one in seen
    ]
    figure = f"{so} of {len(seen)} claims are so"
    return Verdict(("Claim", "Expected", "Seen", "So"), rows, figure, so == len(seen))


def shorten(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
