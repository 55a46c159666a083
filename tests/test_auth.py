"""Who gets in: whoever holds a token that the issuer made for this API, and nobody else."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dev import STATE, keys
from dev.local import ORIGIN
from dev.wire import CountingProxy
from tests.people import Person
from tests.problem import refused

KEY = keys.private_key(STATE)
JWK = keys.public(KEY)
HEADER = {"alg": "EdDSA", "kid": JWK["kid"]}
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
GONE = object()


def base64(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def jws(header: Any, payload: str, sign: Callable[[bytes], bytes] = KEY.sign) -> str:
    """Any header and payload, made into a token without a library that would object."""
    content = f"{base64(json.dumps(header).encode())}.{base64(payload.encode())}"
    return f"{content}.{base64(sign(content.encode()))}"


def claims(**changes: Any) -> str:
    now = int(time.time())
    good = {"sub": "someone", "iss": ORIGIN, "aud": ORIGIN, "iat": now, "exp": now + 3600}
    return json.dumps(
        {name: value for name, value in {**good, **changes}.items() if value is not GONE}
    )


def shared(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda content: hmac.digest(secret, content, hashlib.sha256)


def named(**changes: Any) -> str:
    return jws(HEADER, claims(**changes))


def headed(**changes: Any) -> str:
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not GONE}
    return jws(header, claims())


def spelled(exp: str) -> str:
    return jws(HEADER, claims(exp="EXP").replace('"EXP"', exp))


REFUSED = {
    "nothing": "",
    "one part": "a",
    "three dots": "...",
    "three parts of nothing": "a.b.c",
    "text that is no base64": "ü.ü.ü",
    "a header that is a list": jws([], claims()),
    "a header 2 000 levels deep": f"{base64(b'[' * 2000)}.{base64(claims().encode())}.AA",
    "claims that are a list": jws(HEADER, "[]"),
    "claims that are no JSON": jws(HEADER, "{"),
    "claims 1 000 levels deep": jws(HEADER, "[" * 1000),
    "a token of 9 KB": named(name="n" * 9000),
    "expired": named(exp=int(time.time()) - 1),
    "not valid yet": named(nbf=int(time.time()) + 3600),
    "another issuer": named(iss="https://elsewhere.example"),
    "another audience": named(aud="https://elsewhere.example"),
    "other audiences": named(aud=["https://elsewhere.example", f"{ORIGIN}/"]),
    "no exp": named(exp=GONE),
    "no sub": named(sub=GONE),
    "no aud": named(aud=GONE),
    "no iss": named(iss=GONE),
    "aud of null": named(aud=None),
    "iss of a list": named(iss=[ORIGIN]),
    "exp beyond doubles": spelled("1e400"),
    "exp beyond calendars": spelled("1" + "0" * 400),
    "exp in the year 10000": spelled("253402300801"),
    "exp of 5 000 digits": spelled("9" * 5000),
    "exp as text": spelled(f'"{int(time.time()) + 3600}"'),
    "exp as a truth": spelled("true"),
    "exp as a list": spelled("[]"),
    "exp of NaN": spelled("NaN"),
    "alg none": jws({**HEADER, "alg": "none"}, claims(), lambda _: b""),
    "alg None, signed": headed(alg="None"),
    "no alg": headed(alg=GONE),
    "the public key as a secret": jws({**HEADER, "alg": "HS256"}, claims(), shared(PEM)),
    "its bytes as a secret": jws({**HEADER, "alg": "HS256"}, claims(), shared(JWK["x"].encode())),
    "another algorithm's name": headed(alg="ES256"),
    "another key": jws(HEADER, claims(), Ed25519PrivateKey.generate().sign),
    "a key that came along": jws(
        {**HEADER, "jwk": keys.public(other := Ed25519PrivateKey.generate())}, claims(), other.sign
    ),
    "no signature": named().rpartition(".")[0] + ".",
    "half a signature": named()[:-40],
    "an unknown kid": headed(kid="unknown"),
    "no kid": headed(kid=GONE),
    "a kid of null": headed(kid=None),
    "a kid that is a list": headed(kid=[JWK["kid"]]),
    "a session's cookie": headed(typ="better-auth.session-cache+jwt"),
    "a type of its own": headed(typ="logout+jwt"),
    "an extension that must be known": headed(crit=["x"], x=1),
    "sub empty": named(sub=""),
    "sub with NUL": named(sub="a\0"),
    "sub with half a surrogate pair": named(sub="\ud800"),
    "sub with a space": named(sub="a b"),
    "sub with a line's end": named(sub="a\n"),
    "sub not ASCII": named(sub="ü"),
    "sub of 256": named(sub="a" * 256),
    "sub of 1 MB": named(sub="a" * 1_000_000),
    "sub as a number": named(sub=7),
    "sub as null": named(sub=None),
    "sub as a list": named(sub=["someone"]),
}


def answer_to(person: Person, authorization: str | None) -> Any:
    del person.headers["authorization"]
    headers = {} if authorization is None else {b"authorization": authorization.encode()}
    return person.get("tasks", headers=headers)


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_token_is_refused_like_none_at_all_and_without_the_database(
    outsider: Person, wire: CountingProxy, name: str
) -> None:
    answers = [answer_to(outsider, f"Bearer {REFUSED[name]}"), outsider.get("tasks")]
    problems = [{**refused(answer, 401), "request_id": ""} for answer in answers]
    assert problems[0] == problems[1]
    assert problems[0]["code"] == "unauthorized"
    assert [answer.headers["www-authenticate"] for answer in answers] == ["Bearer", "Bearer"]
    assert wire.snapshot().connections == 0


@pytest.mark.parametrize("scheme", ["", "Basic ", "Token ", "Bearer", "Bearer:", "Bearer\t"])
def test_another_scheme_is_refused(outsider: Person, scheme: str) -> None:
    answer = answer_to(outsider, f"{scheme}{named()}")
    refused(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "token",
    [
        named(),
        named(exp=time.time() + 3600.5),
        headed(typ="JWT"),
        headed(typ="at+jwt"),
        named(aud=["a", ORIGIN]),
        named(iat="?"),
    ],
    ids=["plain", "half a second", "with a type", "an access token", "for several", "an odd iat"],
)
def test_a_good_token_is_taken(outsider: Person, token: str) -> None:
    assert answer_to(outsider, f"Bearer {token}").status_code == 200
    assert outsider.get("tasks", headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_me_and_ones_own_id_are_the_same_address(owner: Person) -> None:
    task = owner.add()
    by_id = owner.get(f"http://test/api/{owner.id}/tasks/{task['id']}")
    assert by_id.json() == owner.get(f"tasks/{task['id']}").json() == task


def test_anothers_id_is_forbidden_whether_it_exists_or_not(
    owner: Person, teammate: Person, outsider: Person, wire: CountingProxy
) -> None:
    for caller in (teammate, outsider):
        for id in (owner.id, "nobody"):
            for method, path in (("GET", ""), ("GET", "/tasks"), ("POST", "/tasks")):
                answer = caller.request(method, f"http://test/api/{id}{path}", json={"title": "a"})
                assert refused(answer, 403)["code"] == "forbidden"
    assert wire.snapshot().connections == 0


def test_claims_that_cannot_be_stored_are_left_out_of_the_profile(outsider: Person) -> None:
    token = named(sub="newcomer", name="a\0", email="\ud800@example.com", image=7)
    outsider.headers["authorization"] = f"Bearer {token}"
    profile = outsider.get("http://test/api/me")
    assert profile.status_code == 200
    told = {name: profile.json()[name] for name in ("id", "name", "email", "image")}
    assert told == {"id": "newcomer", "name": "", "email": None, "image": None}


@pytest.mark.parametrize("claim", [True, False, "true", 1])
def test_an_email_is_verified_where_the_token_says_nothing_but_true(
    outsider: Person, claim: Any
) -> None:
    outsider.headers["authorization"] = f"Bearer {named(sub='newcomer', emailVerified=claim)}"
    assert outsider.get("http://test/api/me").json()["email_verified"] is (claim is True)


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs", "/problems/not_found"])
def test_what_is_public_needs_no_token(outsider: Person, path: str) -> None:
    del outsider.headers["authorization"]
    assert outsider.get(f"http://test{path}").status_code == 200


@pytest.mark.parametrize("body", [b"{", b"x" * 2_000_000, b'{"titel": "T"}'])
def test_a_strangers_body_is_not_read(body: bytes) -> None:
    stranger = Person("stranger")
    del stranger.headers["Authorization"]
    refused(stranger.post("tasks", content=body), 401)
