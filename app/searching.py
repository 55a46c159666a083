"""What callers of a list that can be searched may ask for, and what each found row tells them."""

from typing import Any

from pydantic import BaseModel, Field, model_validator

from app.pages import PageQuery


def sorted_by(default: str) -> Any:
    """`sort` where q changes the default: told in words, or generated clients would send it."""
    told = f"`{default}` if not given, or `-relevance` with `q`"
    return Field(default_factory=lambda: default, description=told)


class SearchQuery(PageQuery):
    """What such a list takes; its `sort` is `sorted_by` something and knows `-relevance`."""

    q: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description='Words to search for: "a phrase", or, -not',
        examples=['garden "watering can" -hose'],
    )

    @model_validator(mode="after")
    def ranked(self) -> "SearchQuery":
        if self.q is not None and "sort" not in self.model_fields_set:
            self.sort = "-relevance"
        if self.q is None and self.key == "relevance":
            raise ValueError("can be sorted by relevance only with q")
        return self


class Found(BaseModel):
    snippet: str | None = Field(
        None,
        description="With `q` only: the words around the hits, as HTML in which the hits stand in"
        " <mark>…</mark> and all else is escaped",
        examples=["Water the <mark>garden</mark>"],
        exclude_if=lambda snippet: snippet is None,
    )
