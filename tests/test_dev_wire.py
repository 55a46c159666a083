"""The proxy counts the trips that were made: no more, no fewer."""

import struct
from collections.abc import Iterator

import psycopg2
import pytest

from dev.postgres import Postgres
from dev.protocol import Conversation, Message
from dev.wire import CountingProxy, Counts

STARTUP = struct.pack("!iih", 10, 0x0003_0000, 0)
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def typed(letter: str, payload: bytes = b"") -> bytes:
    return letter.encode() + struct.pack("!i", 4 + len(payload)) + payload


READY = typed("Z", b"I")
QUERY = typed("Q", b"SELECT 1\0")


def kinds(messages: Iterator[Message]) -> list[str]:
    return [message.kind for message in messages]


@pytest.fixture
def conversation() -> Conversation:
    """A connection whose handshake is over."""
    conversation = Conversation(1)
    list(conversation.client_says(STARTUP))
    conversation.server_says(typed("R", bytes(4)) + READY)
    return conversation


def test_messages_are_read_however_tcp_cuts_them() -> None:
    conversation = Conversation(1)
    stream = SSL_REQUEST + STARTUP + QUERY + typed("X")
    seen: list[str] = []
    for byte in stream:
        seen += kinds(conversation.client_says(bytes([byte])))
    assert seen == ["ssl", "startup", "Q", "X"]


def test_the_refusal_of_tls_is_a_letter_and_not_a_notice() -> None:
    conversation = Conversation(1)
    list(conversation.client_says(SSL_REQUEST))
    conversation.server_says(b"N")
    (startup,) = conversation.client_says(STARTUP)
    assert startup == Message(1, "startup", handshake=True, begins_trip=True)


def test_messages_that_leave_together_are_one_trip(conversation: Conversation) -> None:
    burst = b"".join(map(typed, "PBDES"))
    assert Counts.of(conversation.client_says(burst)) == Counts(1, 0, 1, tuple("PBDES"))


def test_each_answer_ends_a_trip(conversation: Conversation) -> None:
    sent = list(conversation.client_says(QUERY))
    conversation.server_says(typed("G") + typed("N"))
    sent += conversation.client_says(typed("d") + typed("c"))
    conversation.server_says(typed("C") + READY)
    assert Counts.of(sent).trips == 2


def test_a_notice_is_no_answer(conversation: Conversation) -> None:
    sent = list(conversation.client_says(typed("P")))
    conversation.server_says(typed("N") + typed("S") + typed("A"))
    sent += conversation.client_says(typed("S"))
    assert Counts.of(sent).trips == 1


def test_half_an_answer_is_no_answer_yet(conversation: Conversation) -> None:
    list(conversation.client_says(QUERY))
    conversation.server_says(typed("D", bytes(100))[:50])
    (message,) = conversation.client_says(QUERY)
    assert not message.begins_trip


def test_saying_goodbye_is_not_a_trip(conversation: Conversation) -> None:
    assert Counts.of(conversation.client_says(typed("X"))).trips == 0


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Postgres(tmp_path_factory.mktemp("wire") / "postgres") as server:
        yield server.url


@pytest.fixture
def proxy(postgres: str) -> Iterator[CountingProxy]:
    with CountingProxy(postgres) as proxy:
        yield proxy


def test_the_handshake_is_counted_apart(proxy: CountingProxy) -> None:
    psycopg2.connect(proxy.url, sslmode="prefer", gssencmode="disable").close()
    counts = proxy.snapshot()
    assert (counts.connections, counts.handshake_trips, counts.trips) == (1, 4, 0)
    assert counts.kinds[:4] == ("ssl", "startup", "p", "p")


def test_a_transaction_of_one_statement_is_three_trips(proxy: CountingProxy) -> None:
    with psycopg2.connect(proxy.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    assert proxy.snapshot().trips == 3


def test_a_large_statement_and_a_large_answer_are_one_trip(proxy: CountingProxy) -> None:
    connection = psycopg2.connect(proxy.url)
    connection.autocommit = True
    proxy.reset()
    with connection.cursor() as cursor:
        cursor.execute("SELECT repeat(%s, 3)", ["x" * 1_000_000])
        assert cursor.fetchone() == ("x" * 3_000_000,)
    assert proxy.snapshot() == Counts(1, 0, 1, ("Q",))
    connection.close()


def test_connections_are_told_apart(proxy: CountingProxy) -> None:
    first, second = psycopg2.connect(proxy.url), psycopg2.connect(proxy.url)
    assert proxy.snapshot().connections == 2
    proxy.reset()
    second.cursor().execute("SELECT 1")
    assert {message.connection for message in proxy.messages} == {2}
    first.close()
    second.close()


def test_closing_the_proxy_ends_open_connections(postgres: str) -> None:
    with CountingProxy(postgres) as proxy:
        connection = psycopg2.connect(proxy.url)
    with pytest.raises(psycopg2.OperationalError):
        connection.cursor().execute("SELECT 1")
