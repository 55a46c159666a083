"""The ways in which a database says nothing, and those in which it says no for good."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy.engine import make_url

from dev.neon.proxy.faults import BlackHole, Fault, Faults, Received, Sent
from dev.neon.proxy.known_faults import KNOWN
from dev.prove._silence_network import Network


class Silence(NamedTuple):
    """`begin` makes it so; it ends when the faults are cleared and the network is healed."""

    name: str
    begin: Callable[[Network, Faults], None]


def swallow(fault: Fault, times: int | None = None) -> Callable[[Network, Faults], None]:
    return lambda _network, faults: faults.add(fault, times)


def black_hole(times: int | None = None) -> Callable[[Network, Faults], None]:
    """For new connections; the old ones end."""

    def begin(network: Network, faults: Faults) -> None:
        faults.add(BlackHole(), times)
        network.cut()

    return begin


def no_way_in(network: Network, _faults: Faults) -> None:
    network.turn_away()
    network.cut()


def no_network(network: Network, _faults: Faults) -> None:
    network.fall_silent()


SILENCES = [
    Silence("accepted, never answered", black_hole()),
    Silence("one of them never answered", black_hole(times=1)),
    Silence("not even accepted", no_way_in),
    Silence("the network is gone", no_network),
    Silence("statements vanish", swallow(Sent(how="hang"))),
    Silence("answers vanish", swallow(Received(how="hang"))),
    Silence("one answer vanishes", swallow(Received(how="hang"), times=1)),
]


class Refusal(NamedTuple):
    """What nothing but an operator can mend: by a wrong environment, or in Neon's words."""

    name: str
    code: str
    environ: Callable[[str], dict[str, str]] = lambda url: {"DATABASE_URL": url}
    fault: Fault | None = None


def wrong_password(url: str) -> dict[str, str]:
    return {"DATABASE_URL": changed(url, password="guessed")}  # noqa: S106  that is what it is


def wrong_database(url: str) -> dict[str, str]:
    """Past the pooler, whose older versions keep what Postgres said to themselves."""
    host = make_url(url).host or ""
    direct = host.replace("-pooler.", ".")
    return {"DATABASE_URL": changed(url, database="nowhere", host=direct)}


def startup_parameter(url: str) -> dict[str, str]:
    """By libpq's own variable: settings refuse it in the URL of a pooler."""
    return {"DATABASE_URL": url, "PGOPTIONS": "-c statement_timeout=5000"}


def changed(url: str, **changes: Any) -> str:
    return make_url(url).set(**changes).render_as_string(hide_password=False)


def said(name: str, code: str) -> Refusal:
    return Refusal(name.replace("_", " "), code, fault=KNOWN[name].fault)


REFUSALS = [
    Refusal("wrong password", "database_password", wrong_password),
    Refusal("no such database", "database_missing", wrong_database),
    Refusal("a startup parameter", "database_settings", startup_parameter),
    said("disabled", "database_disabled"),
    said("quota", "database_quota"),
    said("active_endpoints", "database_quota"),
    said("not_found", "database_missing"),
    said("max_client_conn", "database_connections"),
]
