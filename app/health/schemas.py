"""What health answers."""

from typing import Literal

from pydantic import BaseModel


class Live(BaseModel):
    status: Literal["live"] = "live"


class Pool(BaseModel):
    size: int
    in_use: int


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    revision: str
    pool: Pool
