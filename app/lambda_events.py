"""What AWS Lambda sends, and how each kind is answered: HTTP by the app, all else by an error.

`{"task": "purge"}`, from a schedule or by hand, is work for the function itself.
"""

import asyncio
import logging
from typing import Any
from uuid import uuid4

from mangum import Mangum
from sqlalchemy.exc import DBAPIError

from app.context import Facts, facts
from app.deadlines import MARGIN, on_lambda
from app.errors import Malformed
from app.problems import reply
from app.purge.purging import purge
from app.refusals import refusal

log = logging.getLogger(__name__)
HEADERS = {"headers", "multiValueHeaders"}  # a load balancer sends one or the other
TEXT = ["text/", "application/json", "application/problem+json"]
TASKS = {"purge": purge}


class Handler:
    """A Lambda handler: `handler(event, context)`.

    The event loop is ours and made current for each event: asyncio.run() anywhere else in the
    process, or a call from another thread, would leave Mangum without one.
    """

    def __init__(self, app: Any) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        # lifespan="off": Mangum would run start-up and shutdown around every event.
        self.http = Mangum(app, lifespan="off", text_mime_types=TEXT)

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer an HTTP event (API Gateway v1 or v2, function URL, ALB), or do a task.

        Raises ValueError for anything else, so that the invocation counts as failed.
        """
        if isinstance(event, dict) and "task" in event:
            return do(event, context)
        if not (isinstance(event, dict) and "requestContext" in event and HEADERS & event.keys()):
            raise ValueError("this function answers HTTP events only")
        asyncio.set_event_loop(self.loop)
        try:
            return self.http(event, context)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            # The app answers for its own errors: these are events that hold no HTTP request.
            facts.set(Facts(uuid4().hex))
            log.warning("unreadable event", extra={"error": type(error).__name__})
            return unreadable()


def do(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do a task, in all the time that the invocation has.

    Raises ValueError for what it cannot do, such as a dry run: what is purged is gone. Raises
    RuntimeError where the database kept us from it: its own error may tell more than the log of an
    invocation should.
    """
    name = event["task"]
    if not (isinstance(name, str) and name in TASKS):
        raise ValueError(f"this function knows no such task; it knows {', '.join(TASKS)}")
    if len(event) > 1:
        raise ValueError(f'{{"task": "{name}"}} takes nothing else: nothing was done')
    end = on_lambda({"aws.context": context})
    outside = facts.set(Facts(uuid4().hex, deadline=end - MARGIN if end else 0.0))
    try:
        return TASKS[name]()
    except DBAPIError as error:
        raise RuntimeError(refusal(error).code) from None
    finally:
        facts.reset(outside)


def unreadable() -> dict[str, Any]:
    answer = reply(Malformed(), {"X-Request-Id": facts.get().request_id})
    headers = dict(answer.headers)
    return {
        "statusCode": answer.status_code,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": bytes(answer.body).decode(),
        "isBase64Encoded": False,
    }
