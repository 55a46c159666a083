"""An AWS on this machine, by moto, and what CloudFormation would say of a template, by cfn-lint."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from dev import ROOT
from dev.aws.installing import environment

PINS = ROOT / "dev" / "aws" / "cloud.txt"

MOTO = """
from moto.cloudformation import models
validate = models.validate_template_cfn_lint
def errors(template):
    return [match for match in validate(template) if match.rule.id.startswith("E")]
models.validate_template_cfn_lint = errors  # to moto, a warning makes a template invalid
from moto.server import main
main(["--host", "127.0.0.1", "--port", "0"])  # the kernel chooses, and werkzeug says which
"""


def tool(name: str) -> Path:
    """A program, or the Python, of the environment that has moto and cfn-lint."""
    return environment(PINS) / "bin" / name


def lint(template: Path, *options: str) -> str:
    """What cfn-lint finds."""
    command = [str(tool("cfn-lint")), *options, "--template", str(template)]
    done = subprocess.run(  # noqa: S603  what cloud.txt pins
        command, check=False, capture_output=True, text=True, timeout=120
    )
    return done.stdout


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """Moto's server, as long as the block lasts: the variables that lead there."""
    path = folder / "moto.log"
    with (
        path.open("wb") as log,
        subprocess.Popen(  # noqa: S603  what cloud.txt pins
            [tool("python"), "-c", MOTO], cwd=folder, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield {
                "AWS_ENDPOINT_URL": listening(process, path),
                "AWS_ACCESS_KEY_ID": "nobody",
                "AWS_SECRET_ACCESS_KEY": "nothing",
            }
        finally:
            process.terminate()


def listening(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, as soon as it says so."""
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        if found := re.search(r"Running on (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"moto's server does not start:\n{log.read_text()}")


def client(variables: dict[str, str], service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def keep(cloud: dict[str, str], name: str, content: dict[str, str]) -> str:
    """Put it into the secret, and return the secret's ARN."""
    vault, text = client(cloud, "secretsmanager"), json.dumps(content)
    try:
        arn = vault.create_secret(Name=name, SecretString=text)["ARN"]
    except vault.exceptions.ResourceExistsException:
        arn = vault.put_secret_value(SecretId=name, SecretString=text)["ARN"]
    return str(arn)
