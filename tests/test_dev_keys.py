import json
import stat
from pathlib import Path

import jwt

from dev import keys

SITE = "http://localhost:3000"
CLAIMS = {"iat", "exp", "iss", "aud", "sub", "name", "email", "emailVerified", "image", "id"}


def token(directory: Path) -> str:
    return keys.token(
        "demo",
        name="Demo",
        email="demo@example.com",
        issuer=SITE,
        audience=SITE,
        directory=directory,
    )


def test_a_token_verifies_with_the_public_key_and_has_better_auth_s_claims(tmp_path: Path) -> None:
    (key,) = jwt.PyJWKSet.from_json(keys.jwks(tmp_path)).keys
    claims = jwt.decode(token(tmp_path), key, ["EdDSA"], audience=SITE, issuer=SITE)
    assert claims.keys() == CLAIMS
    assert claims["sub"] == claims["id"] == "demo"


def test_the_header_is_better_auth_s(tmp_path: Path) -> None:
    (key,) = json.loads(keys.jwks(tmp_path))["keys"]
    assert key.keys() == {"alg", "crv", "x", "kty", "kid"}
    assert jwt.get_unverified_header(token(tmp_path)) == {"alg": "EdDSA", "kid": key["kid"]}


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    assert keys.jwks(tmp_path) == keys.jwks(tmp_path)
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_directory_has_a_key_of_its_own(tmp_path: Path) -> None:
    assert keys.jwks(tmp_path / "one") != keys.jwks(tmp_path / "other")
