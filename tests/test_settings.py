"""The environment: read once, and refused with a sentence that says what to do."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from pydantic import AliasChoices, ValidationError

from app import address
from app.settings import Direct, Settings, SettingsError, direct, get_settings
from dev import ROOT

URL = "postgresql://someone:Zq7-password@ep-a-pooler.example/thaw?sslmode=require"
GOOD = {
    "DATABASE_URL": URL,
    "JWKS_URL": "https://app.example/api/auth/jwks",
    "JWT_ISSUER": "https://app.example",
    "JWT_AUDIENCE": "https://app.example",
}


def variables() -> dict[str, list[str]]:
    """Each field's environment variables, the first being the one to set."""
    names: dict[str, list[str]] = {}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [name.upper()]
        names[name] = [str(choice) for choice in choices]
    return names


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing is set."""
    monkeypatch.setitem(Direct.model_config, "env_file", None)
    for names in variables().values():
        for name in names:
            monkeypatch.delenv(name, raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    for name, value in {**GOOD, **changes}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return get_settings.__wrapped__()


def refusal(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> str:
    with pytest.raises(SettingsError) as error:
        read(monkeypatch, **changes)
    assert "Zq7" not in str(error.value)
    assert "Zq7" not in str(error.value.__context__)  # which tools that collect errors show
    return str(error.value)


def test_what_is_needed_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    assert settings.database_url.get_secret_value() == URL
    assert settings.cors_origins == ()
    assert "Zq7" not in repr(settings)


def test_nothing_changes_the_settings_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(read(monkeypatch), "request_timeout", 1)  # noqa: B010  mypy knows it, too


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        get_settings.__wrapped__()
    assert str(error.value) == (
        "DATABASE_URL is not set: see .env.example. "
        "JWT_ISSUER is not set: see .env.example. "
        "JWT_AUDIENCE is not set: see .env.example."
    )


@pytest.mark.parametrize("name", ["DATABASE_URL", "JWT_ISSUER", "JWT_AUDIENCE"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    assert refusal(monkeypatch, **{name: value}) == f"{name} is not set: see .env.example."


def test_without_any_keys_both_ways_to_them_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, JWKS_URL=None)
    assert said == "set JWKS_URL (Better Auth's /api/auth/jwks) or JWKS."


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("Zq7", "is not a URL like postgresql://user:password@host/database."),
        ("postgresql://a:Zq7@host:port/b", "is not a URL like"),
        ("postgresql://a:Zq7%@host/b", "is not a URL like"),
        ("mysql://a:Zq7@host/b", "must begin with postgresql://."),
        ("postgresql://a:Zq7@host", "must name a host and a database."),
        ("postgresql:///Zq7", "must name a host and a database."),
        (f"{URL}&options=-c%20search_path%3DZq7", "names a pooler, which refuses `options`"),
        (f"{URL}&options=endpoint%3Dep-a%20-c%20a%3DZq7", "names a pooler, which refuses"),
        (f"{URL}&search_path=Zq7", "holds a parameter that libpq lacks: search_path."),
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_URL_UNPOOLED"])
def test_a_url_that_cannot_work_is_refused_without_being_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, said: str
) -> None:
    assert refusal(monkeypatch, **{name: url}).startswith(f"{name} {said}")


@pytest.mark.parametrize("name", ["POSTGRES_URL", "POSTGRES_URL_NON_POOLING"])
def test_a_url_by_another_name_is_looked_at_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    changes = {"DATABASE_URL": None if name == "POSTGRES_URL" else URL, name: "mysql://a:Zq7@h/b"}
    assert "must begin with postgresql://" in refusal(monkeypatch, **changes)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://a:b@host/c",
        "postgresql+psycopg2://a:b@host/c",
        "postgresql:///c?host=/run/postgresql",
        "postgresql://a:b@one:5432,other:5433/c",
        f"{URL}&options=endpoint%3Dep-a-pooler",
        "postgresql://a:b@ep-a.example/c?options=-c%20search_path%3Dd",
    ],
)
def test_a_url_as_it_is_handed_out_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert read(monkeypatch, DATABASE_URL=url).database_url.get_secret_value() == url


@pytest.mark.parametrize("name", GOOD)
def test_the_end_of_a_line_that_was_pasted_along_is_no_part_of_a_value(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field = name.lower()
    assert getattr(read(monkeypatch, **{name: f" {GOOD[name]}\n"}), field) == getattr(
        read(monkeypatch), field
    )


NEON = "postgresql://a:b@ep-a-pooler.eu-central-1.aws.neon.tech/c?sslmode="


@pytest.mark.parametrize(
    ("url", "greeting"),
    [
        *((f"{NEON}{mode}", "direct") for mode in ("require", "verify-ca", "verify-full")),
        (f"{NEON}prefer", None),  # libpq would refuse it
        (f"{NEON}require&sslnegotiation=postgres", "postgres"),
        (URL, None),
    ],
)
def test_tls_begins_at_once_where_neon_is_sure_to_speak_it(url: str, greeting: str | None) -> None:
    assert address.pooled(url).get("sslnegotiation") == greeting


@pytest.mark.parametrize("way", [address.pooled, address.direct])
def test_the_url_has_the_last_word_on_how_to_connect(
    way: Callable[[str], dict[str, str]],
) -> None:
    assert way(URL)["application_name"] == "thaw"
    assert way(f"{URL}&application_name=theirs")["application_name"] == "theirs"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has this")
def test_a_dead_network_is_noticed_while_there_is_time_for_another_try() -> None:
    """And a resting link is heard of before a NAT gateway forgets it, after 350 seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://a:b@127.0.0.1:{server.getsockname()[1]}/c"
        connection = psycopg2.connect(**address.pooled(url), async_=True)
        link = socket.socket(fileno=os.dup(connection.fileno()))
    with closing(connection), link:
        unheard = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000
        resting = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    assert 0 < unheard <= Settings.model_fields["request_timeout"].default / 2
    assert 0 < resting < 350


@pytest.mark.parametrize("name", ["POSTGRES_URL", "NEON_DATABASE_URL"])
def test_the_url_has_other_names_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    settings = read(monkeypatch, DATABASE_URL=None, **{name: URL})
    assert settings.database_url.get_secret_value() == URL


def test_the_first_of_several_names_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, POSTGRES_URL="postgresql://a:b@other/c")
    assert settings.database_url.get_secret_value() == URL


@pytest.mark.parametrize(
    ("variable", "host"),
    [
        (None, "ep-a.example"),
        ("DATABASE_URL_UNPOOLED", "ep-b.example"),
        ("POSTGRES_URL_NON_POOLING", "ep-b.example"),
    ],
)
def test_migrations_go_past_the_pooler(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, host: str
) -> None:
    get_settings.cache_clear()
    read(monkeypatch, **({variable: "postgresql://a:b@ep-b.example/c"} if variable else {}))
    try:
        assert direct()["host"] == host
    finally:
        get_settings.cache_clear()


def test_the_environment_s_database_is_migrated_and_not_that_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`DATABASE_URL=… thaw migrate up`, where .env holds another database, direct address too."""
    (tmp_path / ".env").write_text("DATABASE_URL_UNPOOLED=postgresql://a:b@of-the-file/c\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Direct.model_config, "env_file", ".env")
    assert direct()["host"] == "of-the-file"
    monkeypatch.setenv("DATABASE_URL", URL)
    assert direct()["host"] == "ep-a.example"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "DATABASE_URL_UNPOOLED is not set: see .env.example."),
        ("mysql://a:Zq7@host/b", "must begin with postgresql://."),
        ("postgresql://a:Zq7@pgbouncer.example/b", "need the database's direct address."),
        ("postgresql://a:Zq7@eu.pooler.example/b", "need the database's direct address."),
    ],
)
def test_an_address_that_migrations_cannot_take_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str | None, said: str
) -> None:
    if url:
        monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match=re.escape(said)) as refused:
        direct()
    assert "Zq7" not in str(refused.value)


@pytest.mark.parametrize("jwks", ["Zq7", "[]", "7", "null", "{}", '{"keys":7}', "[" * 100_000])
def test_keys_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, jwks: str) -> None:
    said = refusal(monkeypatch, JWKS=jwks)
    assert said == 'JWKS must be a JSON object like {"keys": [...]}.'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWKS_URL", "file:///Zq7"),
        ("DATABASE_POOL_SIZE", "Zq7"),
        ("SLOW_STATEMENT_MS", "-1"),
        ("LOG_LEVEL", "Zq7"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert refusal(monkeypatch, **{name: value}).startswith(f"{name} ")


WITH_A_DEFAULT = [
    name.upper()
    for name, field in Settings.model_fields.items()
    if isinstance(field.default, int | str)
]
WRITTEN = {
    "README.md": r"^\| `NAME` \| (.*) \| `(.*)` \|$",
    ".env.example": r"^((?:# .*\n)+)NAME=(.*)$",
}
SPAN = re.compile(r"(\d+) to (\d+)")


def written(file: str, name: str) -> tuple[str, str]:
    """What is said of a variable there, and the value that it has unless it is set."""
    place = re.compile(WRITTEN[file].replace("NAME", name), re.MULTILINE)
    found = place.search((ROOT / file).read_text())
    assert found
    return found[1], found[2]


WITH_A_SPAN = [name for name in WITH_A_DEFAULT if SPAN.search(written(".env.example", name)[0])]


@pytest.mark.parametrize("file", WRITTEN)
@pytest.mark.parametrize("name", WITH_A_DEFAULT)
def test_what_is_not_set_is_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    assert str(getattr(read(monkeypatch), name.lower())) == written(file, name)[1]


@pytest.mark.parametrize("file", WRITTEN)
@pytest.mark.parametrize("name", WITH_A_SPAN)
def test_a_number_may_be_all_that_is_written_and_nothing_beyond(
    monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    span = SPAN.search(written(file, name)[0])
    assert span
    least, most = map(int, span.groups())
    for fits in (least, most):
        assert getattr(read(monkeypatch, **{name: str(fits)}), name.lower()) == fits
    for beyond in (least - 1, most + 1):
        assert refusal(monkeypatch, **{name: str(beyond)}).startswith(f"{name} ")


def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, CORS_ORIGINS=" https://a.example/ , ,https://b.example")
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_a_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("REQUEST_TIMEOUT=7\nLOG_LEVEL=ERROR\nUNKNOWN=1\n")
    program = "from app.settings import get_settings as get; print(repr(get()))"
    environment = {**os.environ, **GOOD, "REQUEST_TIMEOUT": "8", "PYTHONPATH": str(ROOT)}
    said = subprocess.check_output(  # noqa: S603  our own program
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, text=True
    )
    assert "request_timeout=8" in said
    assert "log_level='ERROR'" in said


@pytest.mark.parametrize("file", ["README.md", ".env.example"])
def test_every_variable_is_written_about(file: str) -> None:
    text = (ROOT / file).read_text()
    assert [name for names in variables().values() for name in names if name not in text] == []
