"""Every environment variable the app knows; nothing else reads the environment."""

import json
import re
from functools import lru_cache
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from app import address
from app.environment import Environment, SettingsError, names, read

__all__ = ["Direct", "Settings", "SettingsError", "direct", "get_settings"]


class Direct(Environment):
    """All that a migration needs: a deployment's job has no keys and no issuer.

    One field for both addresses, so that a DATABASE_URL of the environment goes before .env's
    DATABASE_URL_UNPOOLED.
    """

    url: SecretStr = Field(validation_alias=names(*address.DIRECT_NAMES, *address.NAMES))
    settings_secret: str | None = None


class Settings(Environment):
    database_url: SecretStr = Field(validation_alias=names(*address.NAMES))
    database_url_unpooled: SecretStr | None = Field(
        None, validation_alias=names(*address.DIRECT_NAMES)
    )
    database_pool_size: int = Field(1, ge=1, le=100)
    database_connect_timeout: int = Field(10, ge=1, le=60)
    request_timeout: int = Field(25, ge=1, le=900)

    jwks_url: str | None = None
    jwks: str | None = None
    jwt_issuer: str
    jwt_audience: str

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    log_level: str = Field("INFO", pattern="(?i)^(debug|info|warning|error|critical)$")
    slow_statement_ms: int = Field(500, ge=0)

    purge_after_days: int = Field(30, ge=1, le=36_500)
    cron_secret: SecretStr | None = None

    settings_secret: str | None = None

    @field_validator("database_url", "database_url_unpooled")
    @classmethod
    def usable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address.read(value.get_secret_value())
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def split(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        """`CORS_ORIGINS=https://a.example,https://b.example`."""
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(part.strip().rstrip("/") for part in parts if part.strip())

    @field_validator("cron_secret")
    @classmethod
    def secret(cls, value: SecretStr | None) -> SecretStr | None:
        """What a header can carry, and nobody guesses."""
        if value and not re.fullmatch(r"[\x21-\x7e]{16,}", value.get_secret_value()):
            raise ValueError("must be 16 characters or more, and none of them a blank")
        return value

    @field_validator("jwks_url")
    @classmethod
    def fetched(cls, value: str | None) -> str | None:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https://")
        return value

    @field_validator("jwks")
    @classmethod
    def inline(cls, value: str | None) -> str | None:
        try:
            keys = json.loads(value)["keys"] if value else []
        except (ValueError, TypeError, KeyError, RecursionError):
            keys = None
        if not isinstance(keys, list):
            raise ValueError('must be a JSON object like {"keys": [...]}')
        return value

    @model_validator(mode="after")
    def keyed(self) -> "Settings":
        if not (self.jwks_url or self.jwks):
            raise ValueError("set JWKS_URL (Better Auth's /api/auth/jwks) or JWKS")
        return self


def direct() -> dict[str, str]:
    """Where migrations run: DATABASE_URL_UNPOOLED, else DATABASE_URL past Neon's pooler."""
    url = read(Direct).url.get_secret_value()
    try:
        return address.direct(url)
    except ValueError as error:
        raise SettingsError(f"DATABASE_URL_UNPOOLED, or what stands for it, {error}.") from None


@lru_cache
def get_settings() -> Settings:
    """The settings of this process; raises SettingsError with one sentence per mistake."""
    return read(Settings)
