"""What an invocation on this machine needs: a database with tables in it, and a runtime."""

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from dev import Trouble, aws, local
from dev.aws import building
from dev.aws.emulator import Emulator
from dev.aws.process import FunctionError
from dev.aws.sandbox import Sandbox, unzipped
from dev.lambda_function import Context, function
from dev.migrating import upgrade
from dev.neon import here
from dev.progress import step
from dev.wire import CountingProxy

Invoke = Callable[[Any], Any]
Runtime = Literal["here", "ric", "rie"]


@contextmanager
def ready(*, count_trips: bool) -> Iterator[CountingProxy | None]:
    """A database with tables in it; all that the app reads stands in the environment."""
    ours, begun = local.chosen() is None, (here.DIRECTORY / "state.json").exists()
    with local.database() as urls, ExitStack() as stack:
        proxy = stack.enter_context(between(urls, ours=ours)) if count_trips else None
        if ours and not begun:  # reads the settings, so the proxy must be among them by now
            upgrade()
        yield proxy


def between(urls: local.Urls, *, ours: bool) -> CountingProxy:
    """A proxy between the app, which is not imported yet, and its database."""
    url = here.unencrypted(urls.direct) if ours else urls.pooled
    if local.host_of(url) not in {"127.0.0.1", "localhost"}:
        raise Trouble("--trips reads an unencrypted wire: unset DATABASE_URL to use the local one.")
    proxy = CountingProxy(url)
    os.environ["DATABASE_URL"] = proxy.url
    return proxy


@contextmanager
def running(runtime: Runtime, handler: str) -> Iterator[Invoke]:
    """The function in this process, or the zip under one of AWS's runtimes."""
    if runtime == "here":
        yield in_this_process(handler)
        return
    path = building.built(aws.here())
    kind = {"ric": Sandbox, "rie": Emulator}[runtime]
    with ExitStack() as stack:
        with step(f"unzipping and starting {path.name}"):
            root = stack.enter_context(unzipped(path))
            sandbox = stack.enter_context(kind(root, variables(), handler))
        yield sandbox.invoke


def in_this_process(handler: str) -> Invoke:
    def invoke(event: Any) -> Any:
        call = function(handler)  # a mistake in the settings is told by itself
        try:
            return call(event, Context())
        except Exception as error:  # noqa: BLE001  whatever it is, the invocation has failed
            if type(error) is not ValueError:  # an event that it does not take, in its words
                traceback.print_exc()
            raise FunctionError(type(error).__name__, str(error)) from None

    return invoke


def variables() -> dict[str, str]:
    """What a function gets of all that is configured here: the variables that the app knows."""
    from app.settings import Settings  # noqa: PLC0415  half a second that `--help` does not pay

    known: set[str] = set()
    for name, field in Settings.model_fields.items():
        alias: Any = field.validation_alias
        known.update(alias.choices if alias else [name.upper()])
    return {name: value for name, value in local.configured().items() if name in known}
