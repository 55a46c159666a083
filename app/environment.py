"""How settings are read: the environment first, then .env, then a secret kept by AWS."""

from typing import Any, TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources.utils import parse_env_vars

from app import aws_secrets


class SettingsError(ValueError):
    """The environment is wrong; the text is one sentence that says what to do, without secrets."""


Kind = TypeVar("Kind", bound="Environment")


def names(*variables: str) -> Any:
    """The first of these environment variables that is set."""
    return AliasChoices(*variables)


class Kept(EnvSettingsSource):
    """The variables that the secret holds, if one is named, as `settings_secret`.

    pydantic-settings has a source for Secrets Manager, which imports boto3 and asks anew for each
    kind of settings; this one shares a single answer with the knock.
    """

    def __call__(self) -> dict[str, Any]:
        name = self.current_state.get("settings_secret")
        kept = aws_secrets.read(name) if name else {}
        self.env_vars = parse_env_vars(kept, ignore_empty=True)
        return super().__call__()


class Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        str_strip_whitespace=True,  # the end of a line, pasted along, makes another issuer
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  of Docker, unused here
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, Kept(settings_cls)


def read(kind: type[Kind]) -> Kind:
    """Raises SettingsError with one sentence per mistake."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(" ".join(map(sentence, error.errors()))) from None
    except aws_secrets.Unreadable as error:
        raise SettingsError(f"{aws_secrets.VARIABLE} {error}.") from None


def sentence(error: Any) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:  # of no one variable
        return f"{message}."
    name = str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is not set: see .env.example."
    return f"{name} {message}."
