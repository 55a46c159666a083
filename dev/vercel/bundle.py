"""What Vercel's builder made: where it lies, what is wrong with it, what it weighs."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

ENTRY = "api/index.py"
RUNTIME = "python3.13"
OURS = {"api", "app"}
THEIRS = {"_vendor", "vc__handler__python.py", ".vc-config.json"}


def config(place: Path) -> dict[str, Any]:
    """vercel.json, as it was built from."""
    return read(place / "vercel.json")


def function(place: Path) -> Path:
    """The one function's folder."""
    return functions(place)[0]


def settings(place: Path) -> dict[str, Any]:
    """What Vercel reads about the function."""
    return read(function(place) / ".vc-config.json")


def wrong(place: Path) -> list[str]:
    """What it should be and is not, a sentence each."""
    found = functions(place)
    if len(found) != 1:
        return [f"it has {len(found)} functions, and should have one"]
    return [sentence for sentence, so in faults(place).items() if so]


def faults(place: Path) -> dict[str, bool]:
    """Over 20 lines: a fault each."""
    output, folder = place / ".vercel" / "output", function(place)
    said, meant = settings(place), config(place)["functions"][ENTRY]
    published = files(output / "static")
    foreign = {path.name for path in folder.iterdir()} - OURS - THEIRS
    handler = (folder / "vc__handler__python.py").read_text()
    compiled = (folder / "app").glob("__pycache__/main.*.pyc")
    return {
        f"anybody can read {published[:3]}: it is published as it is": bool(published),
        f"it holds {sorted(foreign)}, which no request needs": bool(foreign),
        f"it runs on {said['runtime']}, and should on {RUNTIME}": said["runtime"] != RUNTIME,
        f"it begins elsewhere than in {ENTRY}": f'"{ENTRY}"' not in handler,
        f"vercel.json's settings of {ENTRY} were not heeded": (
            said.get("maxDuration") != meant["maxDuration"]
        ),
        "vercel.json's crons were not heeded": (
            read(output / "config.json").get("crons") != config(place)["crons"]
        ),
        "it is not compiled, and would start slowly": not [*compiled],
    }


def functions(place: Path) -> list[Path]:
    return sorted((place / ".vercel" / "output" / "functions").glob("**/*.func"))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def parts(folder: Path) -> list[tuple[str, int]]:
    """What stands at the top, and the packages, in bytes, the biggest first."""
    sizes = Counter[str]()
    for path in folder.rglob("*"):
        if path.is_file():
            place = path.relative_to(folder).parts
            sizes[place[1] if place[0] == "_vendor" else place[0]] += path.stat().st_size
    return sizes.most_common()


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found
