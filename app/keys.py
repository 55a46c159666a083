"""The public keys that tokens are checked with: a JWKS (RFC 7517) from a setting or a URL."""

import json
import logging
import threading
import time
from functools import lru_cache
from typing import Any

from jwt import PyJWK, PyJWTError

from app.errors import KeysUnavailable
from app.settings import get_settings

log = logging.getLogger(__name__)

LIFESPAN = 300
"""Seconds for which fetched keys count as new."""

COOL_DOWN = 5
"""Seconds between two fetches, so that made-up key ids cannot make us hammer the issuer."""

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

    def refresh(self, kid: str) -> None:
        """Fetch the keys, once for all who wait."""
        with self.lock:
            if not self.due(kid):
                return
            self.tried = time.time()
            try:
                self.keys = read(fetch(str(self.url)))
                self.fetched = self.tried
            except (OSError, ValueError, PyJWTError) as error:
                log.warning("keys not refreshed", extra={"reason": type(error).__name__})

    def find(self, kid: str) -> PyJWK | None:
        """The key, None where the issuer has no such key; raises KeysUnavailable if unasked."""
        if not self.keys:
            raise KeysUnavailable
        return self.keys.get(kid)


def read(document: Any) -> dict[str, PyJWK]:
    """Take the signing keys of kinds that we know; raises ValueError on what is no JWKS."""
    keys = document["keys"] if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("not a JWKS")
    ring = {}
    for key in keys:
        algorithm = ALGORITHMS.get((key.get("kty"), key.get("crv")))
        if algorithm and key.get("alg", algorithm) == algorithm and key.get("use", "sig") == "sig":
            ring[str(key.get("kid", ""))] = PyJWK(key, algorithm)
    return ring


def fetch(url: str) -> Any:
    """GET the document, within 3 s and 256 KiB."""
    import urllib.request  # noqa: PLC0415  20 ms that only a JWKS_URL pays

    with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310  the operator's own URL
        return json.loads(answer.read(256 * 1024))


@lru_cache
def key_ring() -> KeyRing:
    settings = get_settings()
    return KeyRing(settings.jwks_url, settings.jwks)
