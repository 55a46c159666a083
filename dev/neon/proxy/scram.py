"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, both sides of it (RFC 5802, 5929, 7677).

Nothing here reads or writes a socket: messages are made of messages, and named as in the RFC.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
MECHANISMS = (PLUS, PLAIN)  # as Neon offers them, the better one first
ITERATIONS = 4096
BINDING = "p=tls-server-end-point"
NO_SCRAM = "authentication protocol violation"


class WrongPassword(Exception):  # noqa: N818  it is an outcome
    pass


class Violation(Exception):  # noqa: N818  as is this
    """A message is no SCRAM, or somebody in the middle has changed it."""


class Keys(NamedTuple):
    """What a password becomes; a server need only keep the last two."""

    client: bytes
    stored: bytes
    server: bytes


@lru_cache(maxsize=256)  # slow by intent, and asked for the same few on every connection
def keys(password: str, salt: bytes, iterations: int = ITERATIONS) -> Keys:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = _hmac(salted, b"Client Key")
    return Keys(client, hashlib.sha256(client).digest(), _hmac(salted, b"Server Key"))


def proof(keys: Keys, transcript: str) -> bytes:
    """The client key, hidden by a signature that only holders of the stored key can compute."""
    return _xor(keys.client, _hmac(keys.stored, transcript.encode()))


def proves(proof: bytes, keys: Keys, transcript: str) -> bool:
    client = _xor(proof, _hmac(keys.stored, transcript.encode()))
    return hmac.compare_digest(hashlib.sha256(client).digest(), keys.stored)


def signature(keys: Keys, transcript: str) -> bytes:
    """By which the server in turn shows that it knows the password."""
    return _hmac(keys.server, transcript.encode())


def nonce() -> str:
    return secrets.token_urlsafe(18)


@dataclass
class Server:
    """One login as the server sees it."""

    password: str
    salt: bytes
    binding: bytes = b""  # of this TLS connection

    def first(self, client_first: str, own_nonce: str) -> str:
        """Answer client-first with server-first."""
        flag, _, rest = client_first.partition(",")
        identity, _, self._client_first = rest.partition(",")
        if flag == "y" and self.binding:  # somebody has struck our offer out
            raise Violation("SCRAM-PLUS not used")
        if flag.startswith("p") and flag != BINDING:
            raise Violation(f"unsupported channel binding method {flag.removeprefix('p=')}")
        bound = self.binding if flag == BINDING else b""
        self._channel = b64encode(f"{flag},{identity},".encode() + bound)
        self._nonce = _Fields(self._client_first)["r"] + own_nonce
        salt = b64encode(self.salt).decode()
        self._server_first = f"r={self._nonce},s={salt},i={ITERATIONS}"
        return self._server_first

    def final(self, client_final: str) -> str:
        """Answer client-final with server-final; raises WrongPassword."""
        said = _Fields(client_final)
        if not hmac.compare_digest(said["c"].encode(), self._channel):
            raise Violation("insecure connection: secure channel data mismatch")
        if said["r"] != self._nonce:
            raise Violation(NO_SCRAM)
        unproved, _, _ = client_final.rpartition(",p=")
        transcript = f"{self._client_first},{self._server_first},{unproved}"
        own = keys(self.password, self.salt)
        if not proves(_decoded(said["p"]), own, transcript):
            raise WrongPassword
        return f"v={b64encode(signature(own, transcript)).decode()}"


@dataclass
class Client:
    """One login as the client sees it, without channel binding: loopback has no TLS."""

    password: str
    nonce: str
    user: str = ""  # Postgres takes it from the startup packet

    def __post_init__(self) -> None:
        self._first = f"n={self.user},r={self.nonce}"
        self.first = f"n,,{self._first}"

    def final(self, server_first: str) -> str:
        said = _Fields(server_first)
        if not said["r"].startswith(self.nonce):
            raise Violation("the server's nonce does not continue ours")
        self._keys = keys(self.password, _decoded(said["s"]), int(said["i"]))
        unproved = f"c=biws,r={said['r']}"  # biws is base64 of "n,,"
        self._transcript = f"{self._first},{server_first},{unproved}"
        return f"{unproved},p={b64encode(proof(self._keys, self._transcript)).decode()}"

    def verify(self, server_final: str) -> None:
        expected = signature(self._keys, self._transcript)
        if not hmac.compare_digest(_decoded(_Fields(server_final)["v"]), expected):
            raise Violation("the server does not know the password")


class _Fields(dict[str, str]):
    def __init__(self, message: str) -> None:
        super().__init__((part[:1], part[2:]) for part in message.split(","))

    def __missing__(self, name: str) -> str:
        raise Violation(NO_SCRAM)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise Violation(NO_SCRAM) from None


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))
