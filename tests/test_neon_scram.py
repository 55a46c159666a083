from base64 import b64decode

import pytest

from dev.neon.proxy.scram import Client, Server, Violation, WrongPassword

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
BINDING = b"a certificate's hash"


def login(server: Server, client: Client) -> None:
    """Both sides of one login, each convinced of the other."""
    client.verify(server.final(client.final(server.first(client.first, "server"))))


def test_the_client_says_what_rfc_7677_says() -> None:
    client = Client("pencil", "rOprNGfwEbeRWgbNEkqO", user="user")
    assert client.first == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert client.final(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    ) == (
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    client.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_the_server_says_what_rfc_7677_says() -> None:
    server = Server("pencil", SALT)
    assert server.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0") == (
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert (
        server.final(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        )
        == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )


def test_the_right_password_convinces_both() -> None:
    login(Server("pencil", SALT), Client("pencil", "client"))


def test_a_wrong_password_convinces_nobody() -> None:
    with pytest.raises(WrongPassword):
        login(Server("pencil", SALT), Client("pencils", "client"))


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    client = Client("pencil", "client")
    client.final(Server("pencil", SALT).first(client.first, "server"))
    with pytest.raises(Violation, match="the server does not know the password"):
        client.verify("v=bm90IHRoZSBzaWduYXR1cmU=")


def test_a_server_that_answers_somebody_else_is_found_out() -> None:
    with pytest.raises(Violation, match="does not continue ours"):
        Client("pencil", "client").final("r=another,s=c2FsdA==,i=4096")


def test_a_client_whose_offer_of_channel_binding_was_struck_out_is_told() -> None:
    with pytest.raises(Violation, match="SCRAM-PLUS not used"):
        Server("pencil", SALT, BINDING).first("y,,n=,r=client", "server")


def test_another_kind_of_channel_binding_is_refused_by_its_name() -> None:
    with pytest.raises(Violation, match="unsupported channel binding method tls-unique"):
        Server("pencil", SALT, BINDING).first("p=tls-unique,,n=,r=client", "server")


def test_a_login_that_is_bound_to_another_certificate_is_refused() -> None:
    server = Server("pencil", SALT, BINDING)
    server.first("p=tls-server-end-point,,n=,r=client", "server")
    with pytest.raises(Violation, match="secure channel data mismatch"):
        server.final("c=biws,r=clientserver,p=AAAA")


@pytest.mark.parametrize(
    "final", ["", "c=biws", "c=biws,r=other,p=AAAA", "c=biws,r=clientserver,p=no base64"]
)
def test_what_is_no_scram_is_refused(final: str) -> None:
    server = Server("pencil", SALT)
    server.first("n,,n=,r=client", "server")
    with pytest.raises(Violation, match="authentication protocol violation"):
        server.final(final)
