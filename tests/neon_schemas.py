"""What Neon's API answers, as far as its clients rely on it, as JSON Schema."""

from typing import Any

Schema = dict[str, Any]

WORD: Schema = {"type": "string", "minLength": 1}
TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}


def shape(**properties: Schema) -> Schema:
    """An object with these properties; those whose name ends in `_maybe` may be absent."""
    wanted = {name.removesuffix("_maybe"): schema for name, schema in properties.items()}
    required = [name for name in properties if not name.endswith("_maybe")]
    return {"type": "object", "required": required, "properties": wanted}


def many(item: Schema) -> Schema:
    return {"type": "array", "items": item}


TIMES = {"created_at": TIME, "updated_at": TIME}
BRANCH = shape(
    id={"type": "string", "pattern": "^br-[a-z]+-[a-z]+-[0-9a-f]{8}$"},
    project_id=WORD,
    name=WORD,
    parent_id_maybe=WORD,
    current_state={"enum": ["init", "resetting", "ready"]},
    pending_state_maybe={"enum": ["ready"]},
    state_changed_at=TIME,
    default=TRUTH,
    protected=TRUTH,
    expires_at_maybe=TIME,
    ttl_interval_seconds_maybe=COUNT,
    last_reset_at_maybe=TIME,
    creation_source=WORD,
    cpu_used_sec=COUNT,
    **TIMES,
)
ENDPOINT = shape(
    id={"type": "string", "pattern": "^ep-[a-z]+-[a-z]+-[0-9a-f]{8}$"},
    host={"type": "string", "pattern": r"^ep-[a-z0-9-]+\.us-east-2\.aws\.neon\.tech$"},
    project_id=WORD,
    branch_id=WORD,
    type={"enum": ["read_write"]},
    current_state={"enum": ["init", "active", "idle"]},
    disabled=TRUTH,
    suspend_timeout_seconds={"type": "integer", "minimum": -1},
    autoscaling_limit_min_cu={"type": "number"},
    autoscaling_limit_max_cu={"type": "number"},
    **TIMES,
)
OPERATION = shape(
    id=WORD,
    project_id=WORD,
    branch_id_maybe=WORD,
    endpoint_id_maybe=WORD,
    action={"enum": ["create_branch", "start_compute", "suspend_compute", "delete_timeline"]},
    status={"enum": ["scheduling", "running", "finished", "failed", "cancelled"]},
    error_maybe=WORD,
    failures_count=COUNT,
    total_duration_ms=COUNT,
    **TIMES,
)
PROJECT = shape(id=WORD, name=WORD, pg_version=COUNT, region_id=WORD, proxy_host=WORD, **TIMES)
ROLE = shape(branch_id=WORD, name=WORD, protected_maybe=TRUTH, **TIMES)
DATABASE = shape(id=COUNT, branch_id=WORD, name=WORD, owner_name=WORD, **TIMES)
PARAMETERS = shape(database=WORD, password=WORD, role=WORD, host=WORD, pooler_host=WORD)
CONNECTION = shape(connection_uri=WORD, connection_parameters=PARAMETERS)
CHANGED = {"branch": BRANCH, "operations": many(OPERATION)}
ORDERED = shape(endpoint=ENDPOINT, operations=many(OPERATION))
ERROR = shape(request_id=WORD, code={"type": "string"}, message=WORD)
ANNOTATION = shape(object=shape(type=WORD, id=WORD), value={"type": "object"})

ONE = "/projects/{project_id}"
ITS = f"{ONE}/branches/{{branch_id}}"
ENDPOINT_PATH = f"{ONE}/endpoints/{{endpoint_id}}"

ANSWERS: dict[str, Schema] = {
    "error": ERROR,
    "GET /projects": shape(projects=many(PROJECT), applications={}, integrations={}),
    f"GET {ONE}": shape(project=PROJECT),
    f"GET {ONE}/operations": shape(
        operations=many(OPERATION), pagination_maybe=shape(cursor=WORD, limit=COUNT)
    ),
    f"GET {ONE}/operations/{{operation_id}}": shape(operation=OPERATION),
    f"GET {ONE}/connection_uri": shape(uri=WORD),
    f"GET {ONE}/branches": shape(
        branches=many(BRANCH), annotations={}, pagination=shape(next_maybe=WORD)
    ),
    f"GET {ONE}/branches/count": shape(count=COUNT),
    f"POST {ONE}/branches": shape(
        **CHANGED,
        endpoints=many(ENDPOINT),
        roles=many(ROLE),
        databases=many(DATABASE),
        connection_uris_maybe=many(CONNECTION),
    ),
    f"GET {ITS}": shape(branch=BRANCH, annotation=ANNOTATION),
    f"PATCH {ITS}": shape(**CHANGED),
    f"DELETE {ITS}": shape(**CHANGED),
    f"POST {ITS}/restore": shape(**CHANGED),
    f"GET {ITS}/roles": shape(roles=many(ROLE)),
    f"GET {ITS}/roles/{{role_name}}": shape(role=ROLE),
    f"GET {ITS}/roles/{{role_name}}/reveal_password": shape(password=WORD),
    f"GET {ITS}/databases": shape(databases=many(DATABASE)),
    f"GET {ITS}/databases/{{database_name}}": shape(database=DATABASE),
    f"GET {ITS}/endpoints": shape(endpoints=many(ENDPOINT)),
    f"GET {ITS}/schema": shape(sql=WORD),
    f"GET {ITS}/compare_schema": shape(diff={"type": "string"}),
    f"GET {ONE}/endpoints": shape(endpoints=many(ENDPOINT)),
    f"GET {ENDPOINT_PATH}": shape(endpoint=ENDPOINT),
    f"POST {ENDPOINT_PATH}/start": ORDERED,
    f"POST {ENDPOINT_PATH}/suspend": ORDERED,
    f"POST {ENDPOINT_PATH}/restart": ORDERED,
}
