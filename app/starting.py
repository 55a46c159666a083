"""How a process starts: the database is woken first, and nothing is made that may not be needed.

A sandbox lives to answer a few requests, and somebody waits for the first.
"""

import gc

from app import wake


def begin() -> None:
    """The first thing that a door does, before it imports the framework."""
    wake.knock()
    # What imports make is there to stay: to look for garbage in it took a tenth of the start.
    gc.disable()

    if wake.in_snapshot():
        return  # all that is made now is in it, and nobody waits

    from pydantic import BaseModel  # noqa: PLC0415  after the knock

    # Models are made when they are first used, FastAPI's own of an OpenAPI document among them.
    BaseModel.model_config["defer_build"] = True


def end() -> None:
    """The last thing that a door does: from here on garbage is looked for, in what requests make.

    Each door that begins ends: one may have imported another, or be the second of a process.
    """
    if wake.in_snapshot():
        gc.collect()  # nobody waits, and what is frozen is paid for
    gc.freeze()
    gc.enable()

    from pydantic import BaseModel  # noqa: PLC0415

    BaseModel.model_config.pop("defer_build", None)  # it would hold for other people's models too
