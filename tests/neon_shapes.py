"""Holds answers against our schemas and, where NEON_OPENAPI names the file, against Neon's own."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator

from tests.neon_schemas import ANSWERS, Schema


def check(method: str, path: str, status: int, answer: Any) -> None:
    """Raise ValidationError unless the answer has the shape it must have."""
    operation = "error" if status >= 400 else _operation(method, path)
    OAS30Validator(ANSWERS[operation]).validate(answer)
    if "NEON_OPENAPI" in os.environ:
        _theirs(operation, str(status)).validate(answer)


def _operation(method: str, path: str) -> str:
    """The operation that a request belongs to; fixed words win over parameters."""
    for operation in sorted(ANSWERS, key=lambda name: name.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation), f"{method} {path}"):
            return operation
    raise LookupError(f"{method} {path}")


@cache
def _theirs(operation: str, status: str) -> OAS30Validator:
    document = json.loads(Path(os.environ["NEON_OPENAPI"]).read_text())
    components = document["components"]
    components["schemas"]["PgVersion"]["maximum"] = 18  # the document may be older
    answer: Schema = {"$ref": "#/components/responses/GeneralError"}
    if operation != "error":
        method, path = operation.split()
        answer = document["paths"][path][method.lower()]["responses"][status]
    if "$ref" in answer:
        answer = components["responses"][answer["$ref"].split("/")[-1]]
    schema = answer["content"]["application/json"]["schema"]
    return OAS30Validator({**schema, "components": components})
