"""AWS Lambda's door to the job, a function of its own: `migrations.aws.handler`."""

import logging
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app import aws_secrets
from migrations.job import upgrade

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)

EXAMPLE = '{"task": "migrate", "revision": "head", "dry_run": false}'
"""The last two may be absent."""

MARGIN = 5.0
"""Seconds of the invocation in which nothing more is waited for: the last try needs them."""


class Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    task: Literal["migrate"]
    revision: str = Field("head", min_length=1)
    dry_run: bool = False


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Migrate up; returns from, to, revisions and seconds.

    Raises ValueError for an event that asks for something else, and whatever `upgrade` raises: a
    deployment stops at an invocation that failed, and not at a word in an answer.
    """
    asked = read(event)
    # A sandbox outlives an invocation that failed: what its secret was may be put right by now.
    aws_secrets.fetched.cache_clear()
    patience = max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN)
    done = upgrade(asked.revision, dry_run=asked.dry_run, patience=patience, tell=log.info)
    told = {
        "from": done.before,
        "to": done.after,
        "revisions": done.revisions,
        "seconds": round(done.seconds, 3),
    }
    log.info("migrated", extra=told | {"dry_run": asked.dry_run})
    return told


def read(event: Any) -> Event:
    try:
        return Event.model_validate(event)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{name}: " for name in first["loc"])
        raise ValueError(f"not an event like {EXAMPLE}: {where}{first['msg']}") from None
