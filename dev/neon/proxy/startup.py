"""What Neon's proxy makes of a client's startup packet (proxy/src/auth/credentials.rs)."""

import re

from dev.neon.proxy.certificates import DOMAINS
from dev.neon.proxy.endpoint import Refused

FORWARDED = ("user", "database", "application_name", "replication")
POOLER = "-pooler"
ENDPOINT = re.compile(r"(?:endpoint|project)=(.*)")
FOR_THE_PROXY = re.compile(r"(?:endpoint|project)=|neon_\w+:.")
WORD = re.compile(r"(?:\\.|\S)+")  # a backslash keeps a space inside a word

NO_ENDPOINT = (
    "Endpoint ID is not specified. Either please upgrade the postgres client library (libpq) for "
    "SNI support or pass the endpoint ID (first part of the domain name) as a parameter: "
    "'?options=endpoint%3D<endpoint-id>'. See more at https://neon.tech/sni"
)


def user(said: dict[str, str]) -> str:
    if not said.get("user"):
        raise Refused("Parameter 'user' is missing in startup packet.")
    return said["user"]


def endpoint(said: dict[str, str], sni: str | None) -> tuple[str, bool]:
    """The endpoint's id, by host name or by options, and whether its pooler is meant."""
    by_name = _by_name(sni) if sni else None
    options = [found[1] for word in _words(said) if (found := ENDPOINT.fullmatch(word))]
    by_option = options[0] if len(options) == 1 else None
    if by_name and by_option and by_name != by_option:
        raise Refused(
            "Inconsistent project name inferred from "
            f"SNI ('{by_name}') and project option ('{by_option}')."
        )
    name = by_option or by_name
    if name is None:
        raise Refused(NO_ENDPOINT)
    if not all(letter.isalnum() or letter == "-" for letter in name):
        raise Refused(
            f"Project name ('{name}') must contain only alphanumeric characters and hyphen."
        )
    return name.removesuffix(POOLER), name.endswith(POOLER)


def forwarded(said: dict[str, str]) -> dict[str, str]:
    """What the compute gets to see: any other key is dropped without a word."""
    kept = {key: said[key] for key in FORWARDED if key in said}
    options = " ".join(word for word in _words(said) if not FOR_THE_PROXY.match(word))
    return {"client_encoding": "UTF8", **kept, **({"options": options} if options else {})}


def _by_name(sni: str) -> str:
    name, _, domain = sni.partition(".")
    if domain not in DOMAINS:
        raise Refused(f"Common name inferred from SNI ('{domain or sni}') is not known")
    return name


def _words(said: dict[str, str]) -> list[str]:
    return WORD.findall(said.get("options", ""))
