"""What health answers."""

from typing import Literal

from pydantic import BaseModel, Field

from app.fields import Always


class Live(Always):
    status: Literal["live"] = "live"


class Pool(BaseModel):
    size: int
    in_use: int


class Ready(Always):
    status: Literal["ready"] = "ready"
    revision: str = Field(examples=["0002"])
    pool: Pool
