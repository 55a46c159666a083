"""Where a branch's addresses go. They hold a password: into files for their owner, or to a pipe."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from dev import Trouble
from dev.branch.previews import Preview
from dev.local import Urls


def lines(urls: Urls) -> list[str]:
    """As a .env file and a shell take them: no character of a Neon URL needs more than quotes."""
    return [f"DATABASE_URL='{urls.pooled}'", f"DATABASE_URL_UNPOOLED='{urls.direct}'"]


def to_env_file(file: Path, urls: Urls) -> None:
    """Set the two names and keep the rest; whole at any time, and for its owner only."""
    names = tuple(line.partition("=")[0] for line in lines(urls))
    old = file.read_text().splitlines() if file.exists() else []
    kept = [line for line in old if line.partition("=")[0].strip() not in names]
    partial = file.with_name(f"{file.name}.partial")
    partial.touch(mode=0o600)
    partial.write_text("\n".join([*kept, *lines(urls)]) + "\n")
    partial.replace(file)


def to_github(urls: Urls, preview: Preview) -> None:
    """Outputs of a step of GitHub Actions; from here on its logs show none of the secrets.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    place = os.environ.get("GITHUB_OUTPUT")
    if not place:
        raise Trouble("GITHUB_OUTPUT is not set: --github-output is for a step of GitHub Actions.")
    for secret in (*urls, *passwords(urls)):
        print(f"::add-mask::{secret}", flush=True)
    values = {
        "database_url": urls.pooled,
        "database_url_unpooled": urls.direct,
        "branch_id": preview.id,
        "branch_name": preview.name,
        "created": str(preview.made).lower(),
    }
    with Path(place).open("a") as file:
        for name, value in values.items():
            end = uuid4().hex  # nobody can guess where the value ends
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def passwords(urls: Urls) -> set[str]:
    """As written and as meant, once each."""
    written = {urlsplit(url).password or "" for url in urls}
    return (written | {unquote(one) for one in written}) - {""}
