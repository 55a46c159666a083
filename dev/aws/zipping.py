"""A zip that depends on the files alone, what it weighs, and what it may weigh."""

import zipfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from dev import Trouble

MB = 1_000_000

ZIPPED, UNZIPPED = 30 * MB, 85 * MB
"""Lambda takes 50 MB sent at once, and 250 MB unpacked. But what is fetched and unpacked is waited
for at a start, so growth is a decision: both are a little more than what is there now."""

DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can hold; any would do, and one must."""

READABLE = 0o100644 << 16
"""Lambda runs the function as somebody else, who must be able to read it."""


class Part(NamedTuple):
    name: str
    zipped: int
    unzipped: int


def write(folder: Path, path: Path) -> None:
    """Zip a folder: in one order, with one date and one mode; there is no half of a zip."""
    half = path.with_suffix(".half")
    with zipfile.ZipFile(half, "w") as archive:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), DATE)
            entry.external_attr, entry.create_system = READABLE, 3  # 3 is Unix: modes count
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    half.replace(path)


def parts(path: Path) -> list[Part]:
    """What stands at the top of the zip, the biggest first."""
    zipped, unzipped = Counter[str](), Counter[str]()
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.partition("/")[0]
            zipped[name] += entry.compress_size
            unzipped[name] += entry.file_size
    return [Part(name, zipped[name], size) for name, size in unzipped.most_common()]


def weigh(path: Path) -> tuple[int, int]:
    """Bytes zipped and unzipped; raises Trouble where either is over its budget."""
    zipped, unzipped = path.stat().st_size, sum(part.unzipped for part in parts(path))
    if zipped > ZIPPED or unzipped > UNZIPPED:
        raise Trouble(
            f"{path.name} is {zipped / MB:.1f} MB, of which {ZIPPED / MB:.0f} are allowed, and "
            f"{unzipped / MB:.1f} MB unzipped of {UNZIPPED / MB:.0f}: see what has grown, then "
            "leave it out, or change the budget in dev/aws/zipping.py."
        )
    return zipped, unzipped
