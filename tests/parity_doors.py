"""Three ways to the app: uvicorn, the zip under AWS's runtime client, the function of Vercel's."""

import http.client
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from dev import aws
from dev.aws import building
from dev.aws.sandbox import Sandbox, unzipped
from dev.events import Request, http_api
from dev.lambda_function import Response, response
from dev.local import environment
from dev.prove._served import served
from tests import vercel

Door = Callable[[Request], Response]


@contextmanager
def uvicorn() -> Iterator[Door]:
    with served() as address:
        yield lambda request: over_http(address, request)


@contextmanager
def ric() -> Iterator[Door]:
    """As behind an HTTP API of API Gateway."""
    with (
        unzipped(building.built(aws.here())) as root,
        Sandbox(root, environment(os.environ["DATABASE_URL"])) as sandbox,
    ):
        yield lambda request: response(sandbox.invoke(http_api(request)))


@contextmanager
def vercels() -> Iterator[Door]:
    with vercel.instance(vercel.place()) as one:
        yield lambda request: over_http(one.address, request)


DOORS = {"uvicorn": uvicorn, "ric": ric, "vercel": vercels}


def over_http(address: str, request: Request) -> Response:
    """Send it as it is: other clients mend paths and headers."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value.encode("latin-1"))
        if request.body:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body or None)
        answer = connection.getresponse()
        return Response(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()
