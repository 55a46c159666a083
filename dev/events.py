"""The events that AWS makes of an HTTP request, as it documents them and as it sends them.

The doors differ, and callers meet the differences: an HTTP API decodes the path, lowers header
names and joins repeated values with commas; a REST API keeps path and names as they were sent; a
load balancer decodes nothing, and of repeated values keeps the last unless told to keep all.
"""

import base64
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

Event = dict[str, Any]
Pairs = list[tuple[str, str]]

CALLER = "192.0.2.1"
GATEWAY = {"accountId": "123456789012", "apiId": "thaw", "domainName": "thaw.example"}
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/thaw/0123456789"
TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class Request(NamedTuple):
    """`target` is what HTTP calls so: path and query, percent-encoded."""

    method: str
    target: str
    headers: Pairs
    body: bytes = b""


def http_api(request: Request) -> Event:
    """API Gateway's HTTP API, payload format 2.0."""
    # Over 20 lines, as is the next: one document as AWS sends it, better read whole.
    path, _, query = request.target.partition("?")
    headers = [(name.lower(), value) for name, value in _forwarded(request)]
    cookies = [crumb for name, value in headers if name == "cookie" for crumb in value.split("; ")]
    http = {"method": request.method, "path": unquote(path), "protocol": "HTTP/1.1"}
    parameters = _joined(parse_qsl(query, keep_blank_values=True))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": _joined([(name, value) for name, value in headers if name != "cookie"]),
        "requestContext": {
            **GATEWAY,
            "http": {**http, "sourceIp": CALLER, "userAgent": dict(headers).get("user-agent", "")},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": time.time_ns() // 1_000_000,
        },
        **({"cookies": cookies} if cookies else {}),
        **({"queryStringParameters": parameters} if parameters else {}),
        **(_body(request) if request.body else {"isBase64Encoded": False}),
    }


def rest_api(request: Request) -> Event:
    """API Gateway's REST API, payload format 1.0: what has no value is null."""
    path, _, query = request.target.partition("?")
    headers, parameters = _forwarded(request), parse_qsl(query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": _listed(headers),
        "queryStringParameters": dict(parameters) or None,
        "multiValueQueryStringParameters": _listed(parameters) or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            **GATEWAY,
            "httpMethod": request.method,
            "identity": {"sourceIp": CALLER},
            "path": f"/live{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": time.time_ns() // 1_000_000,
            "resourcePath": "/{proxy+}",
            "stage": "live",
        },
        **(_body(request) if request.body else {"body": None, "isBase64Encoded": False}),
    }


def load_balancer(request: Request, *, multi_value: bool = False) -> Event:
    """An Application Load Balancer; its target group says whether it keeps repeated values."""
    path, _, query = request.target.partition("?")
    headers = [(name.lower(), value) for name, value in _forwarded(request)]
    fields = [field.partition("=") for field in query.split("&") if field]
    parameters = [(name, value) for name, _, value in fields]
    event = {
        "requestContext": {"elb": {"targetGroupArn": TARGET_GROUP}},
        "httpMethod": request.method,
        "path": path,
        **_body(request),
    }
    if multi_value:
        kept = {"multiValueHeaders": _listed(headers)}
        return event | kept | {"multiValueQueryStringParameters": _listed(parameters)}
    return event | {"headers": dict(headers), "queryStringParameters": dict(parameters)}


DOORS: dict[str, Callable[[Request], Event]] = {
    "v2": http_api,
    "v1": rest_api,
    "alb": load_balancer,
    "alb-multi": partial(load_balancer, multi_value=True),
}


def _forwarded(request: Request) -> Pairs:
    """The caller's headers, and those that stand before every function."""
    added = [("Host", GATEWAY["domainName"]), ("X-Forwarded-For", CALLER)]
    added += [("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https")]
    if request.body:
        added.append(("Content-Length", str(len(request.body))))
    sent = {name.lower() for name, _ in request.headers}
    return [*(pair for pair in added if pair[0].lower() not in sent), *request.headers]


def _body(request: Request) -> Event:
    """Text as it is where the content type and the bytes are text; anything else in base64."""
    types = [value for name, value in request.headers if name.lower() == "content-type"]
    with contextlib.suppress(UnicodeDecodeError):
        if not types or types[-1].startswith(TEXT):
            return {"body": request.body.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def _joined(pairs: Pairs) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _listed(pairs).items()}


def _listed(pairs: Pairs) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for name, value in pairs:
        listed.setdefault(name, []).append(value)
    return listed
