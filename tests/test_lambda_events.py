"""What is told of an event that Lambda sends and nobody can read."""

import json

from app.aws import handler
from dev.events import Request, http_api
from dev.lambda_function import Context, response
from tests.printed import printed


def test_an_event_that_cannot_be_read_is_found_in_the_log_by_the_name_in_its_answer() -> None:
    readable = http_api(Request("GET", "/health", []))
    with printed() as lines:
        answers = [
            response(handler(event, Context()))
            for event in (readable, {**readable, "headers": ["a"]}, {**readable, "body": 7})
        ]
    ids = [dict(answer.headers)["x-request-id"] for answer in answers]
    assert len({*ids}) == 3
    written = [json.loads(line) for line in lines]
    assert [line["request_id"] for line in written] == ids
    assert [line["message"] for line in written[1:]] == ["unreadable event"] * 2
    assert "error" in written[1]
