"""The issuer's keys: fetched seldom, changed with the issuer, and kept through its outages."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app import keys
from app.keys import KeyRing
from app.main import app
from app.settings import get_settings
from dev.local import ORIGIN
from tests.problem import refused

Answer = Callable[[BaseHTTPRequestHandler], None]
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
ED25519 = Ed25519PrivateKey.generate()
PUBLIC: dict[str, dict[str, Any]] = {
    "RS256": RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True),
    "ES256": ECAlgorithm.to_jwk(P256.public_key(), as_dict=True),
    "EdDSA": OKPAlgorithm.to_jwk(ED25519.public_key(), as_dict=True),
}
PRIVATE: dict[str, Any] = {"RS256": RSA, "ES256": P256, "EdDSA": ED25519}


class Issuer(ThreadingHTTPServer):
    """Better Auth's JWKS address, which answers as it is told and counts who asks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fetches = 0
        self.silence = threading.Event()
        self.answer: Answer = published("a")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers hang up on those who do not answer: that is what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.fetches += 1
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass


def sent(body: bytes, status: int = 200) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def raw(text: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(text)
        handler.close_connection = True

    return answer


def document(*kids: str, **more: Any) -> bytes:
    return json.dumps({"keys": [{**PUBLIC["EdDSA"], "kid": kid, **more} for kid in kids]}).encode()


def published(*kids: str) -> Answer:
    return sent(document(*kids))


def hang(handler: Any) -> None:
    handler.server.silence.wait(30)


def drip(handler: Any) -> None:
    """Begin at once and never end: each byte comes in time, the document does not."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.silence.wait(0.05):
        handler.wfile.write(b" ")


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """The app's issuer from here on, with nothing fetched yet and waits of tenths of seconds."""
    with Issuer() as issuer:
        threading.Thread(target=issuer.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.delenv("JWKS")
        monkeypatch.setenv("JWKS_URL", f"http://127.0.0.1:{issuer.server_address[1]}/jwks")
        monkeypatch.setattr(keys, "PATIENCE", 0.3)
        forget()
        yield issuer
        issuer.silence.set()
        issuer.shutdown()
    monkeypatch.undo()
    forget()


def forget() -> None:
    get_settings.cache_clear()
    keys.key_ring.cache_clear()


def token(kid: str = "a", algorithm: str = "EdDSA", key: Any = None) -> str:
    claims = {"sub": "someone", "iss": ORIGIN, "aud": ORIGIN, "exp": int(time.time()) + 60}
    return jwt.encode(claims, key or PRIVATE[algorithm], algorithm, {"kid": kid})


def ask(
    kid: str = "a", algorithm: str = "EdDSA", key: Any = None, client: TestClient | None = None
) -> Any:
    headers = {"Authorization": f"Bearer {token(kid, algorithm, key)}"}
    return (client or TestClient(app)).get("/api/me", headers=headers)


def test_the_keys_are_fetched_once_and_kept(issuer: Issuer) -> None:
    assert [ask().status_code for _ in range(5)] == [200] * 5
    assert issuer.fetches == 1


def test_keys_are_not_fetched_again_before_they_are_old(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "COOL_DOWN", 0)
    assert [ask().status_code for _ in range(3)] == [200] * 3
    assert issuer.fetches == 1
    keys.key_ring().fetched -= keys.LIFESPAN
    assert [ask().status_code for _ in range(3)] == [200] * 3
    assert issuer.fetches == 2


def test_unknown_kids_cost_the_issuer_one_fetch_at_most(issuer: Issuer) -> None:
    assert ask().status_code == 200
    keys.key_ring().tried = 0  # long ago
    for n in range(30):
        refused(ask(f"unknown {n}"), 401)
    assert issuer.fetches == 2


def test_a_new_key_is_found_after_the_cool_down(issuer: Issuer) -> None:
    assert ask("a").status_code == 200
    issuer.answer = published("a", "b")
    refused(ask("b"), 401)
    keys.ring().tried = time.time() - keys.COOL_DOWN
    assert [ask("b").status_code, ask("a").status_code] == [200, 200]
    assert issuer.fetches == 2


def test_a_key_that_the_issuer_took_back_is_refused_when_the_keys_are_old(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "LIFESPAN", 0)
    monkeypatch.setattr(keys, "COOL_DOWN", 0)
    assert ask("a").status_code == 200
    issuer.answer = published("b")
    refused(ask("a"), 401)


def test_all_who_wait_for_the_first_keys_get_them_from_one_fetch(issuer: Issuer) -> None:
    serve = issuer.answer

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        serve(handler)

    issuer.answer = slowly
    with ThreadPoolExecutor(5) as several:
        answers = list(several.map(lambda _: ask().status_code, range(5)))
    assert (answers, issuer.fetches) == ([200] * 5, 1)


def test_the_first_to_ask_share_one_ring_of_keys(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2)

    def made(*settings: str | None) -> KeyRing:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # for another that is being made
        return KeyRing(*settings)

    monkeypatch.setattr(keys, "KeyRing", made)
    with ThreadPoolExecutor(2) as several:
        answers = list(several.map(lambda _: ask().status_code, range(2)))
    assert (answers, issuer.fetches) == ([200] * 2, 1)


BROKEN: dict[str, Answer] = {
    "an error": sent(b"{}", 500),
    "a page": sent(b"<!doctype html><title>Sign in</title>"),
    "JSON of another shape": sent(b'{"error":"no"}'),
    "a list": sent(b"[]"),
    "keys that are no list": sent(b'{"keys":{}}'),
    "bytes that are no text": sent(b"\xff\xfe\x00"),
    "JSON 100 000 levels deep": sent(b"[" * 100_000),
    "1 MB": sent(b'{"keys":[' + b" " * 1_000_000 + b"]}"),
    "nothing": raw(b""),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half of it": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + document("a")[:50]),
    "silence": hang,
    "a byte now and then": drip,
}


@pytest.mark.parametrize("name", BROKEN)
def test_keys_once_fetched_serve_through_an_outage_of_the_issuer(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert ask().status_code == 200
    monkeypatch.setattr(keys, "LIFESPAN", 0)
    monkeypatch.setattr(keys, "COOL_DOWN", 0)
    issuer.answer = BROKEN[name]
    assert ask().status_code == 200
    assert issuer.fetches == 2


@pytest.mark.parametrize("name", BROKEN)
def test_without_any_keys_callers_are_asked_to_come_again(issuer: Issuer, name: str) -> None:
    issuer.answer = BROKEN[name]
    answer = ask()
    assert refused(answer, 503)["code"] == "keys_unavailable"
    assert answer.headers["retry-after"] == "2"
    assert "127.0.0.1" not in answer.text


def test_an_issuer_that_is_not_there_at_all_is_an_outage_too(issuer: Issuer) -> None:
    issuer.server_close()
    assert refused(ask(), 503)["code"] == "keys_unavailable"


@pytest.mark.parametrize("kind", [hang, drip])
def test_an_issuer_that_hangs_is_waited_for_once_and_not_for_long(
    issuer: Issuer, kind: Answer
) -> None:
    issuer.answer = kind
    began = time.monotonic()
    refused(ask(), 503)
    assert time.monotonic() - began < 1.5
    began = time.monotonic()
    for n in range(10):
        refused(ask(f"unknown {n}"), 503)
    assert time.monotonic() - began < 1.5
    assert issuer.fetches == 1


def test_who_has_a_key_that_serves_does_not_wait_for_a_fetch(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask().status_code == 200
    monkeypatch.setattr(keys, "LIFESPAN", 0)
    monkeypatch.setattr(keys, "COOL_DOWN", 0)
    monkeypatch.setattr(keys, "PATIENCE", 5)
    issuer.answer = hang
    with ThreadPoolExecutor(1) as another:
        waits = another.submit(ask)
        while issuer.fetches < 2 and not waits.done():
            time.sleep(0.01)
        assert ask().status_code == 200
        assert not waits.done()
        issuer.silence.set()
        assert waits.result().status_code == 200


def test_those_whose_key_is_unknown_wait_in_line_without_threads_that_requests_need(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave_one_thread() -> None:
        to_thread.current_default_thread_limiter().total_tokens = 1

    async def in_line() -> int:
        return keys.queue().statistics().tasks_waiting

    assert ask().status_code == 200
    keys.ring().tried = 0  # long ago
    monkeypatch.setattr(keys, "PATIENCE", 5)
    issuer.answer = hang
    with TestClient(app) as client, ThreadPoolExecutor(2) as others:
        assert client.portal
        client.portal.call(leave_one_thread)
        wait = [others.submit(ask, kid, client=client) for kid in ("unknown", "made up")]
        while not client.portal.call(in_line) and not any(one.done() for one in wait):
            time.sleep(0.01)
        assert ask(client=client).status_code == 200
        assert not any(one.done() for one in wait)
        issuer.silence.set()
        for one in wait:
            refused(one.result(), 401)
    assert issuer.fetches == 2


@pytest.mark.parametrize("algorithm", PUBLIC)
def test_each_kind_of_key_verifies_its_own_algorithm(issuer: Issuer, algorithm: str) -> None:
    issuer.answer = sent(json.dumps({"keys": [{**PUBLIC[algorithm], "kid": "a"}]}).encode())
    assert ask("a", algorithm).status_code == 200


@pytest.mark.parametrize(
    ("of", "algorithm"),
    [("RS256", "RS512"), ("RS256", "PS256"), ("ES256", "RS256"), ("EdDSA", "ES256")],
)
def test_a_key_verifies_no_other_algorithm(issuer: Issuer, of: str, algorithm: str) -> None:
    issuer.answer = sent(json.dumps({"keys": [{**PUBLIC[of], "kid": "a"}]}).encode())
    key = RSA if algorithm.startswith(("RS", "PS")) else PRIVATE[algorithm]
    refused(ask("a", algorithm, key), 401)


@pytest.mark.parametrize(
    "key",
    [
        {**PUBLIC["EdDSA"], "use": "enc"},
        {**PUBLIC["EdDSA"], "alg": "ES256"},
        {**PUBLIC["EdDSA"], "x": "AA"},
        {**PUBLIC["EdDSA"], "x": 7},
        {**PUBLIC["EdDSA"], "crv": "X25519"},
        {**PUBLIC["EdDSA"], "kty": []},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {},
        "key",
        None,
    ],
)
def test_a_key_that_cannot_verify_is_passed_over_and_the_others_serve(
    issuer: Issuer, key: Any
) -> None:
    broken = {**key, "kid": "b"} if isinstance(key, dict) else key
    good = {**PUBLIC["EdDSA"], "kid": "a", "use": "sig", "alg": "EdDSA"}
    issuer.answer = sent(json.dumps({"keys": [broken, good]}).encode())
    refused(ask("b"), 401)
    assert ask("a").status_code == 200


def test_keys_from_the_environment_need_no_issuer(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("JWKS_URL")
    monkeypatch.setenv("JWKS", document("a").decode())
    forget()
    assert ask("a").status_code == 200
    refused(ask("b"), 401)
    assert issuer.fetches == 0
    assert "keys not refreshed" not in caplog.messages
