"""Routes that are made when the first request comes their way: few of them are ever asked for."""

import warnings
from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from app import wake

MAKING = RLock()
"""One for all routes and the document about them: `warnings` are the whole process's."""


class LazyRoute(APIRoute):
    """Knows which requests are its own; all else is made when it is first asked for.

    FastAPI takes a millisecond or two to learn of an endpoint what it takes and gives, with all
    that it depends on. Tests' clients and proofs ask one app from several event loops, each in a
    thread of its own: one makes the route, and the others wait for that.
    """

    made = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.endpoint, self.methods = endpoint, {*options["methods"]}
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.make = partial(super().__init__, path, endpoint, **options)  # once, then gone
        self.another = partial(type(self), path, endpoint, **options)

    def join(self, app: FastAPI) -> None:
        """Let another like it answer for this app, as `include_router` does."""
        route = self.another(dependency_overrides_provider=app)
        app.router.routes.append(route)
        if wake.in_snapshot():
            route.complete()

    def __getattr__(self, name: str) -> Any:
        self.complete()
        return super().__getattribute__(name)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.complete()  # or wait for whoever is at it
        await super().handle(scope, receive, send)

    def complete(self) -> None:
        """Make it now, unless that is done, or is what this thread is doing."""
        if self.made:
            return
        with MAKING:
            make = vars(self).pop("make", None)
            if make is None:
                return
            try:
                make()
                self.use()
                self.made = True
            except BaseException:
                self.make = make  # the next request is told the same reason
                raise

    def use(self) -> None:
        """Have the models made of what it takes, which `starting` has put off until they are used.

        Pydantic warns then of what FastAPI says of them, and FastAPI ignores that where they are
        not put off.
        """
        taken = [self.body_field] if self.body_field else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
            for field in taken + self.dependant.query_params:
                field.validate(None)
