"""osls, as it packages serverless.yml and deploys it, without an account."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from dev import ROOT, STATE, npm

SOURCE = ROOT / "dev" / "aws" / "osls"
ZIP = ".thaw/build/thaw-lambda-arm64.zip"
TEMPLATE = "cloudformation-template-update-stack.json"

SETTINGS = {"JWT_ISSUER": "https://app.example", "JWKS_URL": "https://app.example/jwks"}


def program() -> Path:
    """osls, installed once."""
    home = STATE / "aws" / "osls"
    npm.install(SOURCE, home)
    return home / "node_modules" / "osls" / "bin" / "serverless.js"


class Service:
    """A copy of serverless.yml in a folder of its own, with a zip beside it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.zip, self.variables = folder, folder / ZIP, variables
        self.zip.parent.mkdir(parents=True)
        shutil.copy(ROOT / "serverless.yml", folder)
        self.release("")

    def release(self, code: str) -> None:
        """Put a zip there that holds this code, and nothing that would run."""
        with zipfile.ZipFile(self.zip, "w") as archive:
            archive.writestr("nothing.py", code)

    def osls(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run osls with nothing of ours in its environment, no credentials among it."""
        return subprocess.run(  # noqa: S603  what package-lock.json pins
            [npm.node("node"), str(program()), *arguments, "--stage", "test"],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.variables},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def succeed(self, *arguments: str) -> str:
        done = self.osls(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def template(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / ".serverless" / TEMPLATE).read_text())
        return read

    def deploy_without(self, *types: str) -> str:
        """Deploy what is packaged, but for the resources of these types."""
        path = self.folder / ".serverless" / "serverless-state.json"  # where osls takes it from
        state = json.loads(path.read_text())
        provider = state["service"]["provider"]
        compiled = provider["compiledCloudFormationTemplate"]
        provider["compiledCloudFormationTemplate"] = without(compiled, types)
        path.write_text(json.dumps(state))
        return self.succeed("deploy", "--package", ".serverless")


def without(template: dict[str, Any], types: tuple[str, ...]) -> dict[str, Any]:
    """The template less the resources of these types, and less all that speaks of them."""
    resources, outputs = template["Resources"], template.get("Outputs", {})
    gone = {name for name, one in resources.items() if one["Type"].startswith(types)}
    while more := {name for name in resources.keys() - gone if speaks_of(resources[name], gone)}:
        gone |= more
    return {
        **template,
        "Resources": {name: one for name, one in resources.items() if name not in gone},
        "Outputs": {name: one for name, one in outputs.items() if not speaks_of(one, gone)},
    }


def speaks_of(part: Any, names: set[str]) -> bool:
    if isinstance(part, dict):
        waits_for = part.get("DependsOn", [])
        referred = {waits_for} if isinstance(waits_for, str) else {*waits_for}
        referred |= {part.get("Ref"), *part.get("Fn::GetAtt", [])[:1]}
        return bool(referred & names) or any(speaks_of(one, names) for one in part.values())
    return isinstance(part, list) and any(speaks_of(one, names) for one in part)
