"""Where a branch's addresses go. They hold a password: into files for their owner, or to a pipe."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from dev import Trouble
from dev.branch.previews import Preview
from dev.local import Urls
from dev.progress import note

NAMES = ("DATABASE_URL", "DATABASE_URL_UNPOOLED")


class Places(NamedTuple):
    """Files for the addresses; without any they are printed."""

    env_file: Path | None
    github: Path | None


def places(env_file: Path | None, *, github: bool) -> Places:
    """Raises Trouble before anything is made whose address nobody would get."""
    return Places(env_place(env_file) if env_file else None, github_file() if github else None)


def env_place(file: Path) -> Path:
    """Where its links lead: only a file is replaced, or /dev/null would be one for everybody."""
    place = file.resolve()
    with usable(file):
        if place.exists() and not place.is_file():
            raise OSError(0, "Not a file")
        TemporaryFile(dir=place.parent).close()
        others(place)
    return place


def github_file() -> Path:
    """Where a step of GitHub Actions leaves its outputs."""
    place = os.environ.get("GITHUB_OUTPUT")
    if not place:
        raise Trouble("GITHUB_OUTPUT is not set: --github-output is for a step of GitHub Actions.")
    with usable(place):
        Path(place).open("a").close()
    return Path(place)


@contextmanager
def usable(file: Path | str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "It is not UTF-8"
        raise Trouble(f"{file} cannot hold the addresses: {why}.") from None


def others(file: Path) -> list[str]:
    """The lines that stay as they are."""
    if not file.exists():
        return []
    with file.open("r+", encoding="utf-8") as old:  # what is only for reading is not replaced
        lines = [line.removesuffix("\n") for line in old]
    return [line for line in lines if not {*NAMES} & {*line.partition("=")[0].split()}]


def give(places: Places, urls: Urls, preview: Preview) -> None:
    if places.github:
        to_github(places.github, urls, preview)
    if places.env_file:
        to_env_file(places.env_file, urls)
        note(f"{places.env_file} holds its addresses")
    if not any(places):
        print("\n".join(f"export {line}" for line in lines(urls)))


def lines(urls: Urls) -> list[str]:
    """As a .env file takes them, and a shell behind `export`: quotes are all that they need."""
    return [f"{name}='{url}'" for name, url in zip(NAMES, urls, strict=True)]


def to_env_file(file: Path, urls: Urls) -> None:
    """Set the two names and keep the rest; whole at any time, and for its owner only."""
    kept = others(file)
    partial = file.with_name(f"{file.name}.{uuid4().hex}")
    try:
        partial.touch(mode=0o600)
        partial.write_text("\n".join([*kept, *lines(urls)]) + "\n", encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def to_github(place: Path, urls: Urls, preview: Preview) -> None:
    values = {
        "database_url": urls.pooled,
        "database_url_unpooled": urls.direct,
        "branch_id": preview.id,
        "branch_name": preview.name,
        "created": str(preview.made).lower(),
    }
    with place.open("a") as file:
        for name, value in values.items():
            end = uuid4().hex  # nobody can guess where the value ends
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def mask(urls: Urls) -> None:
    """From here on the logs of GitHub Actions show none of the secrets; elsewhere it does nothing.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    Its runner reads stderr too, and stdout may be a shell's: `eval "$(thaw branch up …)"`.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for secret in (*urls, *passwords(urls)):
            print("::add-mask::" + secret.replace("%", "%25"), file=sys.stderr, flush=True)


def passwords(urls: Urls) -> set[str]:
    """As written and as meant, once each."""
    written = {urlsplit(url).password or "" for url in urls}
    return (written | {unquote(one) for one in written}) - {""}
