"""serverless.yml, as osls compiles it and as an AWS takes it: who may do what, and nothing secret.

Moto knows no HTTP API, no alias and no bucket policy: what is deployed there lacks those, and the
functions' architecture.
"""

import importlib
import json
import os
import re
import shutil
import subprocess
from ast import literal_eval
from base64 import b64encode
from collections.abc import Iterator
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]  # as yaml: it ships no types
import pytest
import yaml  # type: ignore[import-untyped]

from app.aws import handler
from app.settings import Settings
from dev import ROOT
from dev.aws import here
from dev.aws.building import built
from dev.aws.process import FunctionError
from dev.aws.sandbox import Sandbox, unzipped
from dev.events import DOORS, Request
from dev.lambda_function import Context
from tests import moto_server as moto
from tests import serverless
from tests.needs import linux, needs, node, python
from tests.serverless import SETTINGS, Service

pytestmark = [pytest.mark.slow, needs(node, python)]

SECRETS = {
    "DATABASE_URL": "postgresql://someone:Zq7-password@host/thaw",
    "DATABASE_URL_UNPOOLED": "postgresql://someone:Zq7-password@host/thaw",
    "CRON_SECRET": "Zq7-of-sixteen-characters",
}
UNKNOWN_TO_MOTO = ("AWS::ApiGatewayV2::", "AWS::Lambda::Alias", "AWS::S3::BucketPolicy")

FUNCTIONS: dict[str, dict[str, Any]] = {
    "api": {"Handler": "app.aws.handler", "MemorySize": 1024, "Timeout": 29},
    "migrate": {"Handler": "migrations.aws.handler", "MemorySize": 1024, "Timeout": 900},
    "purge": {"Handler": "app.aws.handler", "MemorySize": 512, "Timeout": 300},
}

PRODUCTION = ROOT / ".github" / "workflows" / "production.yml"

NIGHTLY = "cron(17 4 * * ? *)"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """Packaged by somebody without credentials, in a shell that knows our secrets."""
    service = Service(tmp_path_factory.mktemp("service"), **SETTINGS, **SECRETS)
    service.succeed("package")
    return service


@pytest.fixture(scope="module")
def template(service: Service) -> dict[str, Any]:
    return service.template()


def of(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """The properties of each resource of this type."""
    resources = template["Resources"].items()
    return {name: one.get("Properties") for name, one in resources if one["Type"] == kind}


def logical(name: str) -> str:
    return f"{name.title()}LambdaFunction"


def test_the_template_is_one_that_cloudformation_takes(service: Service) -> None:
    path = service.folder / ".serverless" / serverless.TEMPLATE
    said = json.loads(moto.lint(path, "--format", "json"))
    found = {(each["Level"], each["Rule"]["Id"]) for each in said}
    assert found == {("Warning", "W3005")}  # osls names each dependency twice


def test_a_mistake_in_the_template_would_be_found(service: Service, tmp_path: Path) -> None:
    wrong = service.template()
    wrong["Resources"]["ApiLambdaFunction"]["Properties"]["Runtime"] = "python2.8"
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    assert "E3030" in moto.lint(tmp_path / "wrong.json")


def test_nothing_secret_is_packaged(service: Service) -> None:
    files = list((service.folder / ".serverless").iterdir())
    assert len(files) >= 3
    assert not [file.name for file in files if b"Zq7" in file.read_bytes()]


def test_a_function_s_configuration_names_its_secret_and_holds_no_other(
    template: dict[str, Any],
) -> None:
    known = {name.upper() for name in Settings.model_fields}
    named = {}
    for name in FUNCTIONS:
        function = of(template, "AWS::Lambda::Function")[logical(name)]
        variables = function["Environment"]["Variables"]
        assert variables.keys() <= known
        assert not variables.keys() & SECRETS.keys()
        named[name] = variables["SETTINGS_SECRET"]
    assert named == {
        "api": "thaw/test/requests",
        "migrate": "thaw/test/migrations",
        "purge": "thaw/test/requests",
    }


def test_what_differs_between_deployments_comes_from_the_environment(
    template: dict[str, Any], tmp_path: Path
) -> None:
    function = of(template, "AWS::Lambda::Function")["ApiLambdaFunction"]
    said = function["Environment"]["Variables"]
    assert (said["JWT_ISSUER"], said["JWKS_URL"]) == tuple(SETTINGS.values())
    assert said["JWT_AUDIENCE"] == said["JWT_ISSUER"]
    done = Service(tmp_path).osls("package")
    assert done.returncode == 1
    assert "JWT_ISSUER" in done.stdout + done.stderr


def test_the_functions_are_what_they_should_be(template: dict[str, Any]) -> None:
    functions = of(template, "AWS::Lambda::Function")
    assert functions.keys() == {logical(name) for name in FUNCTIONS}
    for name, expected in FUNCTIONS.items():
        function = functions[logical(name)]
        same = {"Runtime": "python3.13", "Architectures": ["arm64"]}
        assert {member: function[member] for member in expected | same} == expected | same
        module, _, member = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), member))
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", "INFO")
    assert len({json.dumps(each["Code"]) for each in functions.values()}) == 1


def test_the_app_gives_up_before_its_function_and_that_before_the_http_api(
    template: dict[str, Any],
) -> None:
    (integration,) = of(template, "AWS::ApiGatewayV2::Integration").values()
    function = of(template, "AWS::Lambda::Function")["ApiLambdaFunction"]
    ours = Settings.model_fields["request_timeout"].default
    assert ours < function["Timeout"] < integration["TimeoutInMillis"] / 1000


def test_requests_go_to_a_snapshot(template: dict[str, Any]) -> None:
    function = of(template, "AWS::Lambda::Function")["ApiLambdaFunction"]
    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    (integration,) = of(template, "AWS::ApiGatewayV2::Integration").values()
    alias = {"Fn::Join": [":", [{"Fn::GetAtt": ["ApiLambdaFunction", "Arn"]}, "snapstart"]]}
    assert integration["IntegrationUri"] == alias
    (route,) = of(template, "AWS::ApiGatewayV2::Route").values()
    assert route["RouteKey"] == "$default"


def test_somebody_calls_each_day_so_that_the_snapshot_is_kept(template: dict[str, Any]) -> None:
    rule = of(template, "AWS::Events::Rule")["ApiEventsRuleSchedule1"]
    (target,) = rule["Targets"]
    alias = template["Resources"]["ApiSnapStartLambdaAlias"]["Properties"]
    assert target["Arn"]["Fn::Join"][1] == [
        {"Fn::GetAtt": ["ApiLambdaFunction", "Arn"]},
        alias["Name"],
    ]
    answer = handler(json.loads(target["Input"]), Context())
    assert (answer["statusCode"], rule["ScheduleExpression"]) == (200, NIGHTLY)


def versions(template: dict[str, Any]) -> set[str]:
    return set(of(template, "AWS::Lambda::Version"))


def test_each_deployment_takes_a_snapshot_and_leaves_none_behind(
    service: Service, template: dict[str, Any], tmp_path: Path
) -> None:
    """The same code again: a new password comes in, and nobody pays for two."""
    again = Service(tmp_path, **SETTINGS)
    shutil.copy(service.zip, again.zip)
    again.succeed("package")
    (one,), (other,) = versions(template), versions(again.template())
    assert one.startswith("ApiLambdaVersion")
    assert one != other
    assert "DeletionPolicy" not in template["Resources"][one]


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    assert not role.get("ManagedPolicyArns")
    for policy in role["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_may_write_its_own_log_and_read_its_own_secret(
    template: dict[str, Any], name: str
) -> None:
    function = of(template, "AWS::Lambda::Function")[logical(name)]
    role = of(template, "AWS::IAM::Role")[function["Role"]["Fn::GetAtt"][0]]
    assert function["Role"] == {"Fn::GetAtt": [f"{name.title()}Role", "Arn"]}
    log, secret = statements(role)
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert log["Resource"] == {"Fn::GetAtt": [f"{name.title()}LogGroup", "Arn"]}
    assert secret["Action"] == "secretsmanager:GetSecretValue"
    own = function["Environment"]["Variables"]["SETTINGS_SECRET"]
    assert secret["Resource"]["Fn::Sub"].endswith(f":secret:{own}-??????")


def test_no_role_may_do_everything_or_to_everything(template: dict[str, Any]) -> None:
    roles = of(template, "AWS::IAM::Role")
    assert len(roles) == len(FUNCTIONS)
    # A policy of its own, attached to a role, would be a right that stands elsewhere.
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert {kind for kind in kinds if kind.startswith("AWS::IAM::")} == {"AWS::IAM::Role"}
    for statement in [each for role in roles.values() for each in statements(role)]:
        assert statement["Effect"] == "Allow"
        assert "*" not in json.dumps([statement["Action"], statement["Resource"]])
    for role in roles.values():
        (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_nobody_but_the_gateway_and_the_schedule_may_call_and_neither_migrates(
    template: dict[str, Any],
) -> None:
    permissions = of(template, "AWS::Lambda::Permission")
    assert {name: each["Principal"] for name, each in permissions.items()} == {
        "ApiLambdaPermissionHttpApi": "apigateway.amazonaws.com",
        "ApiLambdaPermissionEventsRuleSchedule1": "events.amazonaws.com",
        "PurgeLambdaPermissionEventsRuleSchedule1": "events.amazonaws.com",
    }
    assert all("SourceArn" in each for each in permissions.values())
    assert of(template, "AWS::Lambda::Url") == {}
    callers = {name for name, one in template["Resources"].items() if "MigrateL" in json.dumps(one)}
    assert callers == {"MigrateLambdaFunction", "MigrateRole"}


def test_logs_are_kept_for_a_month_and_not_for_ever(template: dict[str, Any]) -> None:
    groups = of(template, "AWS::Logs::LogGroup")
    kept = {each["LogGroupName"]: each["RetentionInDays"] for each in groups.values()}
    assert kept == {f"/aws/lambda/thaw-test-{name}": 30 for name in FUNCTIONS}


def test_a_flood_is_turned_away_at_the_gate(template: dict[str, Any]) -> None:
    (stage,) = of(template, "AWS::ApiGatewayV2::Stage").values()
    limits = stage["DefaultRouteSettings"]
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] < 1000


WATCHED: dict[str, tuple[Any, ...]] = {
    "ServerErrorsAlarm": ("AWS/ApiGateway", "5xx", "ApiId", "HttpApi", "Sum"),
    "SlowAlarm": ("AWS/Lambda", "Duration", "FunctionName", "ApiLambdaFunction", "p95"),
    "ThrottledAlarm": ("AWS/Lambda", "Throttles", "FunctionName", "ApiLambdaFunction", "Sum"),
    "PurgeFailedAlarm": ("AWS/Lambda", "Errors", "FunctionName", "PurgeLambdaFunction", "Sum"),
    "CriticalAlarm": ("thaw/test", "critical", None, None, "Sum"),
}


def test_every_alarm_watches_what_it_says_and_tells_somebody(template: dict[str, Any]) -> None:
    alarms = of(template, "AWS::CloudWatch::Alarm")
    assert {name: watched(alarm) for name, alarm in alarms.items()} == WATCHED
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= 3600
    assert of(template, "AWS::SNS::Topic").keys() == {"AlarmTopic"}


def watched(alarm: dict[str, Any]) -> tuple[Any, ...]:
    """Which metric of what."""
    (dimension,) = alarm.get("Dimensions", [{"Name": None, "Value": {"Ref": None}}])
    whose = (dimension["Name"], dimension["Value"]["Ref"])
    statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    return (alarm["Namespace"], alarm["MetricName"], *whose, statistic)


def test_alarms_ring_after_a_few_failures_and_before_callers_are_given_up(
    template: dict[str, Any],
) -> None:
    alarms = of(template, "AWS::CloudWatch::Alarm")
    slow = alarms.pop("SlowAlarm")
    assert 0 < slow["Threshold"] < Settings.model_fields["request_timeout"].default * 1000
    assert all(1 <= alarm["Threshold"] <= 5 for alarm in alarms.values())


def test_a_critical_line_of_a_request_is_counted(template: dict[str, Any]) -> None:
    (metric,) = of(template, "AWS::Logs::MetricFilter").values()
    (counted,) = metric["MetricTransformations"]
    assert (counted["MetricNamespace"], counted["MetricName"]) == ("thaw/test", "critical")
    assert metric["FilterPattern"] == '{ $.level = "CRITICAL" }'
    assert metric["LogGroupName"] == {"Ref": "ApiLogGroup"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with moto.server(tmp_path_factory.mktemp("aws")) as variables:
        yield variables


@pytest.fixture(scope="module")
def deployed(cloud: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Service:
    """What `make package` makes is there."""
    service = Service(tmp_path_factory.mktemp("deployed"), **SETTINGS, **cloud)
    shutil.copy(built("arm64"), service.zip)
    service.succeed("package")
    service.deploy_without(*UNKNOWN_TO_MOTO)
    return service


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_deployed_is_there(deployed: Service, cloud: dict[str, str], name: str) -> None:
    found = moto.client(cloud, "lambda").get_function(FunctionName=f"thaw-test-{name}")
    function, expected = found["Configuration"], FUNCTIONS[name]
    assert {member: function[member] for member in expected} == expected
    assert function["Runtime"] == "python3.13"
    assert function["CodeSha256"] == b64encode(sha256(deployed.zip.read_bytes()).digest()).decode()
    assert function["Role"].endswith(f":role/thaw-test-{name}-us-east-1")


@pytest.mark.usefixtures("deployed")
def test_the_purge_is_due_every_night(cloud: dict[str, str]) -> None:
    events = moto.client(cloud, "events")
    rules = events.list_rules()["Rules"]
    (rule,) = [each for each in rules if "purge" in each["Name"].lower()]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert rule["ScheduleExpression"] == NIGHTLY
    assert target["Arn"].endswith(":function:thaw-test-purge")
    assert json.loads(target["Input"]) == {"task": "purge"}


def code(cloud: dict[str, str]) -> dict[str, str]:
    """The digest of what each function runs."""
    functions = moto.client(cloud, "lambda")
    names = [f"thaw-test-{name}" for name in FUNCTIONS]
    found = [functions.get_function(FunctionName=name)["Configuration"] for name in names]
    return {each["FunctionName"]: each["CodeSha256"] for each in found}


def test_the_migrating_function_alone_can_be_renewed_before_the_rest(
    deployed: Service, cloud: dict[str, str]
) -> None:
    """The new revisions are run, and then the code is deployed that needs them."""
    before = code(cloud)
    deployed.release("of the next release")
    deployed.succeed("deploy", "function", "--function", "migrate")
    after = code(cloud)
    assert {name for name in before if before[name] != after[name]} == {"thaw-test-migrate"}


def test_a_release_is_taken_back_by_what_its_workflow_noted_before_it(
    deployed: Service, cloud: dict[str, str], tmp_path: Path
) -> None:
    first = b64encode(sha256(built("arm64").read_bytes()).digest()).decode()
    timestamp = noted(cloud, tmp_path)
    for number in range(6):  # osls would keep five
        deployed.release(f"of release {number}, which does not answer")
        deployed.succeed("package")
        deployed.deploy_without(*UNKNOWN_TO_MOTO)
    assert first not in code(cloud).values()
    deployed.succeed("rollback", "--timestamp", timestamp)
    assert {*code(cloud).values()} == {first}


def noted(cloud: dict[str, str], folder: Path) -> str:
    """What the workflow's own step notes; AWS's command line is not here, but its query is kept."""
    steps = yaml.safe_load(PRODUCTION.read_text())["jobs"]["aws"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("id") == "before"]
    found = moto.client(cloud, "cloudformation").get_template(StackName="thaw-test")
    (query,) = re.findall(r"--query ([\w.]+)", script)
    assert "--stack-name thaw-prod" in script  # as osls calls it: the service, and the stage
    (folder / "aws").write_text(f"#!/bin/sh\necho {jmespath.search(query, found)}\n")
    (folder / "aws").chmod(0o700)
    output = folder / "output"
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-e", "-c", script], env=environment, check=True)  # noqa: S603, S607
    return output.read_text().removeprefix("timestamp=").strip()


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_deployed_role_reaches_its_own_secret_only(cloud: dict[str, str], name: str) -> None:
    """By the rules of IAM's wildcards, on the secrets' ARNs as AWS makes them."""
    secrets = ("thaw/test/requests", "thaw/test/migrations", "thaw/test/requests-of-others")
    arns = {secret: moto.keep(cloud, secret, {}) for secret in secrets}
    policy = moto.client(cloud, "iam").get_role_policy(
        RoleName=f"thaw-test-{name}-us-east-1", PolicyName="own-log-and-secret"
    )
    _, reading = literal_eval(policy["PolicyDocument"])["Statement"]  # so moto writes it
    reached = {secret for secret, arn in arns.items() if fnmatchcase(arn, reading["Resource"])}
    assert reached == {"thaw/test/migrations" if name == "migrate" else "thaw/test/requests"}


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The files of the zip, for the architecture of this machine."""
    with unzipped(built(here())) as folder:
        yield folder


EVENTS: dict[str, Any] = {
    "api": DOORS["v2"](Request("GET", "/health/ready", [])),
    "migrate": {"task": "migrate", "dry_run": True},
    "purge": {"task": "purge"},
}
ANSWERS = {"api": ("statusCode", 200), "migrate": ("revisions", []), "purge": ("left", [])}


def sandbox(cloud: dict[str, str], root: Path, name: str, **variables: str) -> Sandbox:
    """The function as it was deployed, in a process with what its configuration says."""
    found = moto.client(cloud, "lambda").get_function(FunctionName=f"thaw-test-{name}")
    function = found["Configuration"]
    own = {**cloud, **function["Environment"]["Variables"], **variables}
    return Sandbox(root, own, function["Handler"], snap_start=name == "api")


@needs(linux)
@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_needs_no_more_than_its_configuration_and_its_secret(
    cloud: dict[str, str], root: Path, name: str
) -> None:
    secret, variable = {"migrate": ("migrations", "DATABASE_URL_UNPOOLED")}.get(
        name, ("requests", "DATABASE_URL")
    )
    moto.keep(cloud, f"thaw/test/{secret}", {variable: os.environ["DATABASE_URL"]})
    with sandbox(cloud, root, name) as function:
        answer = function.invoke(EVENTS[name])
    member, expected = ANSWERS[name]
    assert answer[member] == expected


@needs(linux)
@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("name", ["api", "purge"])
def test_a_function_without_its_secret_does_not_start_and_says_so(
    cloud: dict[str, str], root: Path, name: str
) -> None:
    with (
        pytest.raises(FunctionError, match="SETTINGS_SECRET names nothing, which does not exist"),
        sandbox(cloud, root, name, SETTINGS_SECRET="nothing"),  # noqa: S106  a name
    ):
        pass
