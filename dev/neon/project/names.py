"""Names and passwords as Neon makes them up."""

import secrets

ADJECTIVES = "amber bold calm cool dry early fast green late long mild quiet round shy wide young"
NOUNS = "band bird bush cake dew field fire frog lake leaf moon night pine rain snow wave"

REGION = "us-east-2.aws.neon.tech"


def new_id(prefix: str) -> str:
    """Such as `br-calm-lake-0f3e9a21`; `prefix` is `br` for a branch, `ep` for an endpoint."""
    return f"{prefix}-{two_words()}-{secrets.token_hex(4)}"


def two_words() -> str:
    return f"{secrets.choice(ADJECTIVES.split())}-{secrets.choice(NOUNS.split())}"


def host(endpoint_id: str, *, pooled: bool = False) -> str:
    return f"{endpoint_id}{'-pooler' if pooled else ''}.{REGION}"


def new_password() -> str:
    return f"npg_{secrets.token_hex(8)}"
