"""What a search finds: words as they stand, `or` between them, `-` before what must not be."""


def says(text: str, wanted: str) -> bool:
    """Whether the text has all words of one of the alternatives, and none that are refused."""
    words = {*text.split()}
    return any(
        all((word.removeprefix("-") in words) != word.startswith("-") for word in each.split())
        for each in wanted.split(" or ")
    )
