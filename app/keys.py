"""The public keys that tokens are checked with: a JWKS (RFC 7517) from a setting or a URL."""

import json
import logging
import threading
import time
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from jwt import PyJWK

from app.context import facts
from app.outages import KeysUnavailable
from app.settings import get_settings

log = logging.getLogger(__name__)

LIFESPAN = 300
"""Seconds for which fetched keys count as new."""

COOL_DOWN = 5
"""Seconds between two fetches, so that made-up key ids cannot make us hammer the issuer."""

PATIENCE = 3
"""Seconds that the issuer may be silent, and may take to send its keys."""

LARGEST = 256 * 1024

ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}
"""The one algorithm that a key of each kind may sign with."""


class KeyRing:
    """Keys by id, fetched anew when old or when an unknown id is asked for.

    Keys that cannot be refreshed go on serving: an issuer's outage must not become ours. By the
    wall clock, since a frozen sandbox stops the monotonic one.
    """

    def __init__(self, url: str | None, document: str | None) -> None:
        self.url = url
        self.keys = read(json.loads(document)) if document else {}
        self.fetched = self.tried = 0.0
        self.lock = threading.Lock()

    def due(self, kid: str) -> bool:
        now = time.time()
        wanted = kid not in self.keys or now - self.fetched > LIFESPAN
        return self.url is not None and wanted and now - self.tried > COOL_DOWN

    async def renew(self, kid: str) -> None:
        """Refresh in a thread. Whose key is unknown waits for that one outside of it.

        Anybody can make up a key's id: they would take all threads, and keep those who are known
        from working for as long as the issuer is silent.
        """
        await to_thread.run_sync(self.refresh, kid, limiter=None if kid in self.keys else queue())

    def refresh(self, kid: str) -> None:
        """Fetch the keys, once for all who wait; whose key still serves waits for nobody else."""
        if not self.lock.acquire(blocking=kid not in self.keys):
            return
        try:
            if self.due(kid):
                self.load()
        finally:
            self.lock.release()

    def load(self) -> None:
        try:
            patience = max(0.1, min(PATIENCE, facts.get().seconds_left))
            self.keys = read(fetch(str(self.url), patience))
            self.fetched = time.time()
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            log.warning("keys not refreshed", extra={"reason": type(error).__name__})
        self.tried = time.time()

    def find(self, kid: str) -> PyJWK | None:
        """The key, None where the issuer has no such key; raises KeysUnavailable if unasked."""
        if not self.keys:
            raise KeysUnavailable
        return self.keys.get(kid)


strangers: RunVar[CapacityLimiter] = RunVar("strangers")


def queue() -> CapacityLimiter:
    """One at a time, in this event loop."""
    line = strangers.get(None)
    if line is None:
        strangers.set(line := CapacityLimiter(1))
    return line


def read(document: Any) -> dict[str, PyJWK]:
    """Take the signing keys of kinds that we know; raises ValueError on what is no JWKS."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("not a JWKS")
    ring = {}
    for key in keys:
        # Whatever a broken key breaks in its parsing, the others go on serving.
        with suppress(Exception):
            algorithm = ALGORITHMS[key["kty"], key.get("crv")]
            if key.get("alg", algorithm) == algorithm and key.get("use", "sig") == "sig":
                ring[str(key.get("kid", ""))] = PyJWK(key, algorithm)
    return ring


def fetch(url: str, patience: float = PATIENCE) -> Any:
    """GET the document; raises OSError, HTTPException or ValueError for none, or too slow a one."""
    end, body = time.monotonic() + patience, b""
    with urlopen(url, timeout=patience) as answer:  # noqa: S310  the operator's own URL
        while chunk := answer.read1():
            body += chunk
            if len(body) > LARGEST or time.monotonic() > end:
                raise ValueError("too large or too slow")
    return json.loads(body)


making = threading.Lock()
"""A cache alone would let the first requests of a process make a ring each, and fetch for each."""


def ring() -> KeyRing:
    """The one of this process."""
    with making:
        return key_ring()


@lru_cache
def key_ring() -> KeyRing:
    settings = get_settings()
    return KeyRing(settings.jwks_url, settings.jwks)
