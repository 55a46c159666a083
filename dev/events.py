"""The events that AWS makes of an HTTP request, as it documents them and as it sends them.

The doors differ, and callers meet the differences: an HTTP API decodes the path, lowers header
names and joins repeated values with commas; a function URL does all that, and leaves the path as it
was sent; a REST API leaves path and names; a load balancer decodes nothing, and of repeated values
keeps the last unless told to keep all. tests/events holds one event of each.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, unquote

from dev.event_parts import (
    CALLER,
    HOST,
    Event,
    Pairs,
    Request,
    agent,
    body,
    forwarded,
    joined,
    listed,
    now,
)

__all__ = ["DOORS", "Event", "Pairs", "Request", "http_api", "load_balancer", "rest_api"]

GATEWAY = {
    "accountId": "123456789012",
    "apiId": "thaw",
    "domainName": HOST,
    "domainPrefix": "thaw",
}
IDENTITY = dict.fromkeys(
    (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    )
)
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/thaw/0123456789"


def http_api(request: Request) -> Event:
    """API Gateway's HTTP API, payload format 2.0."""
    # Over 20 lines, as is the next: one document as AWS sends it, better read whole.
    path, _, query = request.target.partition("?")
    headers = [(name.lower(), value) for name, value in forwarded(request)]
    cookies = [crumb for name, value in headers if name == "cookie" for crumb in value.split("; ")]
    http = {"method": request.method, "path": unquote(path), "protocol": "HTTP/1.1"}
    parameters = joined(parse_qsl(query, keep_blank_values=True))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": joined([(name, value) for name, value in headers if name != "cookie"]),
        "requestContext": {
            **GATEWAY,
            "http": {**http, "sourceIp": CALLER, "userAgent": agent(headers) or ""},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            **now("time", "timeEpoch"),
        },
        **({"cookies": cookies} if cookies else {}),
        **({"queryStringParameters": parameters} if parameters else {}),
        **(body(request) if request.body else {"isBase64Encoded": False}),
    }


def function_url(request: Request) -> Event:
    """A function's own URL, open to everybody: as an HTTP API, but that it decodes no path."""
    event, path = http_api(request), request.target.partition("?")[0]
    context = event["requestContext"]
    context |= {"accountId": "anonymous", "http": {**context["http"], "path": path}}
    return {**event, "rawPath": path, "requestContext": context}


def rest_api(request: Request) -> Event:
    """API Gateway's REST API, payload format 1.0: what has no value is null."""
    path, _, query = request.target.partition("?")
    headers, parameters = forwarded(request), parse_qsl(query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": listed(headers),
        "queryStringParameters": dict(parameters) or None,
        "multiValueQueryStringParameters": listed(parameters) or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            **GATEWAY,
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": request.method,
            "identity": {**IDENTITY, "sourceIp": CALLER, "userAgent": agent(headers)},
            "path": f"/live{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            **now("requestTime", "requestTimeEpoch"),
            "resourceId": "123456",
            "resourcePath": "/{proxy+}",
            "stage": "live",
        },
        **(body(request) if request.body else {"body": None, "isBase64Encoded": False}),
    }


def load_balancer(request: Request, *, multi_value: bool = False) -> Event:
    """An Application Load Balancer; its target group says whether it keeps repeated values."""
    path, _, query = request.target.partition("?")
    headers = [(name.lower(), value) for name, value in forwarded(request)]
    fields = [field.partition("=") for field in query.split("&") if field]
    parameters = [(name, value) for name, _, value in fields]
    event = {
        "requestContext": {"elb": {"targetGroupArn": TARGET_GROUP}},
        "httpMethod": request.method,
        "path": path,
        **body(request),
    }
    if multi_value:
        kept = {"multiValueHeaders": listed(headers)}
        return event | kept | {"multiValueQueryStringParameters": listed(parameters)}
    return event | {"headers": dict(headers), "queryStringParameters": dict(parameters)}


DOORS: dict[str, Callable[[Request], Event]] = {
    "v2": http_api,
    "url": function_url,
    "v1": rest_api,
    "alb": load_balancer,
    "alb-multi": partial(load_balancer, multi_value=True),
}
