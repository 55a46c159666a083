"""`thaw doctor`: looks at settings, database and tokens, and says how to mend what is wrong."""

import asyncio
import time
from enum import Enum
from typing import NamedTuple

import psycopg2
import typer
from jwt import PyJWTError
from rich.text import Text

from app import address, keys, tables
from app.auth import verify
from app.errors import Unauthorized
from app.settings import Settings, SettingsError, direct, get_settings
from dev import Trouble
from dev.local import configured, database, host_of, libpq
from dev.progress import console
from dev.token import mint, signs_here
from migrations import job, plan
from migrations.failures import MigrationFailed


class Mark(Enum):
    """How a check ended, and its colour."""

    OK = "green"
    WARN = "yellow"
    FAIL = "red"


class Finding(NamedTuple):
    mark: Mark
    words: str


def doctor() -> None:
    """Check settings, database, revision and tokens; exit 1 if anything fails."""
    try:
        with database():
            settings = get_settings()
            findings = [check(settings) for check in (trip, host, direct_host, revision, tokens)]
    except (SettingsError, Trouble, MigrationFailed) as error:
        findings = [Finding(Mark.FAIL, str(error))]
    for finding in findings:
        mark = Text(f"{finding.mark.name.lower():6}", style=finding.mark.value)
        console.print(mark + Text(finding.words), soft_wrap=True)
    raise typer.Exit(any(finding.mark is Mark.FAIL for finding in findings))


def trip(settings: Settings) -> Finding:
    """How long a round trip takes. That there is one, `database()` has seen already."""
    url = settings.database_url.get_secret_value()
    connection = psycopg2.connect(libpq(url))
    with connection.cursor() as cursor:
        begun = time.perf_counter()
        cursor.execute("SELECT current_setting('server_version')")
        took = (time.perf_counter() - begun) * 1000
        (version,) = cursor.fetchone() or ("?",)
    connection.close()
    words = f"Postgres {version} answers at {host_of(url)}, {took:.1f} ms a round trip"
    return Finding(Mark.OK, words)


def host(settings: Settings) -> Finding:
    name = address.read(settings.database_url.get_secret_value())["host"]
    if name.endswith(".neon.tech") and not is_pooler(name):
        return Finding(
            Mark.WARN,
            "DATABASE_URL is Neon's direct host: many functions at once would use up its "
            "connections; take the address whose host has -pooler in it",
        )
    return Finding(Mark.OK, f"DATABASE_URL is a {'pooled' if is_pooler(name) else 'direct'} host")


def direct_host(_settings: Settings) -> Finding:
    """`direct` knows how to pass Neon's pooler, and refuses another."""
    return Finding(Mark.OK, f"migrations go to {direct()['host']}, past any pooler")


def is_pooler(name: str) -> bool:
    return name.split(".", 1)[0].endswith("-pooler")


def revision(_settings: Settings) -> Finding:
    found, wanted = job.current() or "none", tables.REVISION
    if found == wanted:
        return Finding(Mark.OK, f"the schema is at revision {wanted}, as the code expects")
    if plan.ahead(found, wanted):
        words = f"the schema is at {found}, ahead of the code's {wanted}: fine while deploying"
        return Finding(Mark.WARN, words)
    words = f"the schema is at {found} and the code expects {wanted}: run `thaw migrate up`"
    return Finding(Mark.FAIL, words)


def tokens(settings: Settings) -> Finding:
    return own_token() if signs_here(configured()) else issuer(settings)


def own_token() -> Finding:
    try:
        asyncio.run(verify(mint("demo")))
    except Unauthorized:
        return Finding(Mark.FAIL, "our own token is refused: is JWT_AUDIENCE or JWT_ISSUER odd?")
    return Finding(Mark.OK, "a token of this checkout's key is accepted")


def issuer(settings: Settings) -> Finding:
    """Whether whoever signs the tokens shows a key that we can verify with."""
    try:
        url = settings.jwks_url
        found = keys.read(keys.fetch(url)) if url else keys.key_ring().keys
    except (OSError, ValueError, PyJWTError) as error:
        words = f"no keys to verify tokens with: {error}. Is JWKS_URL Better Auth's /api/auth/jwks?"
        return Finding(Mark.FAIL, words)
    if not found:
        return Finding(
            Mark.FAIL, "the JWKS holds no key of a kind that we know: EdDSA, ES256, RS256"
        )
    return Finding(Mark.OK, f"the JWKS holds {len(found)} usable key(s)")
