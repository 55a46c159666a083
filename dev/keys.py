"""A signing key of this checkout's own, and tokens as Better Auth makes them."""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from dev import STATE, Trouble

HALF_A_DAY = 12 * 60 * 60


def jwks(directory: Path = STATE) -> str:
    """The public half, in the shape of Better Auth's /api/auth/jwks."""
    return json.dumps({"keys": [public(private_key(directory))]})


def token(
    user_id: str,
    *,
    name: str,
    email: str,
    issuer: str,
    audience: str,
    expires_in: int = HALF_A_DAY,
    directory: Path = STATE,
) -> str:
    """A token with the claims and the header of Better Auth's jwt plugin."""
    # Over 20 lines: a claim each.
    now = int(time.time())
    claims = {
        "iat": now,
        "name": name,
        "email": email,
        "emailVerified": True,
        "image": None,
        "id": user_id,
        "sub": user_id,
        "exp": now + expires_in,
        "iss": issuer,
        "aud": audience,
    }
    key = private_key(directory)
    header = {"kid": public(key)["kid"], "typ": None}  # Better Auth sends no typ
    return jwt.encode(claims, key, "EdDSA", header)


def public(key: Ed25519PrivateKey) -> dict[str, Any]:
    """The key's JWK; its id follows from the key, so that nothing else need be kept."""
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    kid = hashlib.sha256(jwk["x"].encode()).hexdigest()[:32]
    return {"alg": "EdDSA", **jwk, "kid": kid}


def private_key(directory: Path) -> Ed25519PrivateKey:
    """The key kept in a directory, made when there is none yet."""
    path = directory / "key.pem"
    if not path.exists():
        make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except ValueError:
        raise Trouble(f"{path} holds no key: delete it, and another is made.") from None
    assert isinstance(key, Ed25519PrivateKey)  # noqa: S101  we made it
    return key


def make(path: Path) -> None:
    """Write a new key, whole and readable by its owner only; of two makers one wins."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent) as new:
        new.write(pem)
        new.flush()
        with suppress(FileExistsError):
            os.link(new.name, path)
