"""Examples for the OpenAPI document, put together from its schemas and their fields' own."""

from typing import Any

PLAIN = {
    "uuid": "01980000-0000-7000-8000-000000000001",
    "date-time": "2030-01-31T09:00:00Z",
    "boolean": False,
    "integer": 1,
    "number": 0.5,
    "string": "text",
    "object": {},
}
"""By format, else by type: what a field shows that has no example of its own."""


def example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A value that the schema allows: its own example, else one made of its parts."""
    schema = resolved(schema, schemas)
    for told in ("examples", "enum"):
        if told in schema:
            return schema[told][0]
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        required = schema.get("required", [])
        fields = schema["properties"].items()
        shown = {name: field for name, field in fields if name in required or own(field)}
        return {name: example(field, schemas) for name, field in shown.items()}
    if "items" in schema:
        return [example(schema["items"], schemas)]
    for choices in ("anyOf", "oneOf"):
        if choices in schema:
            return example(schema[choices][0], schemas)
    return PLAIN[schema.get("format", schema["type"])]


def own(field: dict[str, Any]) -> bool:
    """Whether a field was given an example: one that need not be sent is shown only then."""
    return "examples" in field or any(own(each) for each in field.get("anyOf", []))


def resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
