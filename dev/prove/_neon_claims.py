"""Claims about Neon: what is expected, and how to see what is so."""

import re
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import NamedTuple

import psycopg2

from dev import Trouble
from dev.prove._neon_branch import Branch, ask

OPTION = "-c statement_timeout=5000"
UNPOOLED_ONLY = "ERROR:  unsupported startup parameter…. Please use unpooled connection…"
INSECURE = "ERROR:  connection is insecure (try using `sslmode=require`)"
WRONG = "ERROR:  password authentication failed for user '…'"
CLOSED = "SSL connection has been closed unexpectedly"
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"

WAKE = 5.0
"""Seconds: Neon says a few hundred milliseconds, and in rare cases a few seconds."""


class Claim(NamedTuple):
    words: str
    expected: str | float
    """A text, in which … stands for any other; or the seconds that it may take at most."""

    see: Callable[[], str | float]


class Seen(NamedTuple):
    words: str
    expected: str
    seen: str
    so: bool


def look(claim: Claim) -> Seen:
    try:
        seen = claim.see()
    except (psycopg2.Error, Trouble) as error:
        seen = one_line(error)
    if isinstance(claim.expected, float):
        so = isinstance(seen, float) and seen < claim.expected
        found = f"{seen:.2f} s" if isinstance(seen, float) else seen
        return Seen(claim.words, f"< {claim.expected:g} s", found, so)
    pattern = ".*".join(map(re.escape, claim.expected.split("…")))
    return Seen(claim.words, claim.expected, str(seen), bool(re.fullmatch(pattern, str(seen))))


def connecting(branch: Branch) -> list[Claim]:
    here = partial(enter, branch)
    no_tls = {"sslmode": "disable", "channel_binding": "disable", "sslrootcert": ""}
    no_sni = {"sslsni": "0", "options": f"endpoint={branch.endpoint}-pooler"}
    return [
        Claim("verify-full, channel binding, pooled", "TLSv1.…", partial(here, pooled=True)),
        Claim("verify-full, channel binding, direct", "TLSv1.…", here),
        Claim("without TLS", INSECURE, partial(here, **no_tls)),
        Claim("without SNI", "ERROR:  Endpoint ID is not specified.…", partial(here, sslsni="0")),
        Claim("without SNI, endpoint in options", "TLSv1.…", partial(here, **no_sni)),
        Claim("wrong password, role or endpoint", f"alike: {WRONG}", partial(wrong, branch)),
    ]


def pooling(branch: Branch) -> list[Claim]:
    refused = partial(enter, branch, pooled=True, options=OPTION)
    timeout = partial(branch.ask, "SHOW statement_timeout", options=OPTION)
    return [
        Claim(f"options={OPTION}, pooled", UNPOOLED_ONLY, refused),
        Claim(f"options={OPTION}, direct", "5s", timeout),
        Claim("SET, read by the pooler's next client", "7MB", partial(leak, branch, "SET")),
        Claim("SET LOCAL, the same", "as before", partial(leak, branch, "SET LOCAL")),
        Claim("session advisory lock, pooled", "two got it, outlives one", partial(lock, branch)),
    ]


def sleeping(branch: Branch) -> list[Claim]:
    return [
        Claim("idle at suspend, pooled", CLOSED, partial(die, branch, pooled=True)),
        Claim("idle at suspend, direct", CLOSED, partial(die, branch, pooled=False)),
        Claim("first connection after it, pooled", WAKE, partial(wake, branch, pooled=True)),
        Claim("first connection after it, direct", WAKE, partial(wake, branch, pooled=False)),
    ]


def enter(branch: Branch, *, pooled: bool = False, **other: str) -> str:
    """How a client got in, or what it was told."""
    try:
        with closing(branch.connect(pooled=pooled, **other)) as made:
            return str(made.info.ssl_attribute("protocol"))
    except psycopg2.OperationalError as error:
        return one_line(error)


def wrong(branch: Branch) -> str:
    attempts = [
        enter(branch, password="guessed"),  # noqa: S106  that is what it is
        enter(branch, user="nobody"),
        enter(branch, host=branch.direct.split("@")[1].split(":")[0].replace("ep-", "ep-no-", 1)),
    ]
    said = {attempt.replace("nobody", branch.role) for attempt in attempts}
    return f"alike: {said.pop()}" if len(said) == 1 else f"different: {said}"


def leak(branch: Branch, command: str) -> str:
    """What another client of the pooler sees of a setting."""
    one, other = branch.connect(pooled=True), branch.connect(pooled=True)
    with closing(one), closing(other):
        before = ask(other, "SHOW work_mem")
        ask(one, f"BEGIN; {command} work_mem = '7MB'; COMMIT; SELECT 1")
        after = str(ask(other, "SHOW work_mem"))
        ask(other, "RESET work_mem; SELECT 1")
    return "as before" if after == before else after


def lock(branch: Branch) -> str:
    with closing(branch.connect(pooled=True)) as other:
        with closing(branch.connect(pooled=True)) as one:
            got = [ask(client, "SELECT pg_try_advisory_lock(1)") for client in (one, other)]
        held = ask(other, LOCKS)
        ask(other, "SELECT pg_advisory_unlock_all()")
    return f"{'two' if all(got) else 'one'} got it, {'outlives' if held else 'ends with'} one"


def die(branch: Branch, *, pooled: bool) -> str:
    with closing(branch.connect(pooled=pooled)) as connection:
        ask(connection, "SELECT 1")
        branch.suspend()
        try:
            return f"lives: {ask(connection, 'SELECT 1')}"
        except psycopg2.OperationalError as error:
            return one_line(error)


def wake(branch: Branch, *, pooled: bool) -> float:
    branch.suspend()
    begun = time.monotonic()
    branch.ask("SELECT 1", pooled=pooled)
    return time.monotonic() - begun


def one_line(error: Exception) -> str:
    """What libpq says, without the address that it begins with."""
    return " ".join(re.sub(r"^connection to server at .*? failed: ", "", str(error)).splitlines())
