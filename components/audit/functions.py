"""The rules of Lambda functions."""

from __future__ import annotations

import json
import re

from components.audit.reading import at, both, fields, number, one_of, text, waits_for, waits_for_role_policy
from components.audit.requests import FUNCTION_CODE, but, failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given, unordered
from components.explain.evidence import Case
from components.settings import ARCHITECTURES, RUNTIMES

FUNCTION = "aws:lambda/function:Function"

_API = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"
_RECORDED = "localstack/localstack tests/aws/services/lambda_/test_lambda_api.snapshot.json"
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_LARGE = {"LARGE": "x" * 4096}


def _environment_fits(case: Case) -> bool:
    variables = fields(case.inputs, "environment.variables")
    size = len(json.dumps(variables, separators=(",", ":")))
    return size <= 4096 and all(_NAME.fullmatch(name) for name in variables)


def _levels_have_json(case: Case) -> bool:
    logs = fields(case.inputs, "loggingConfig")
    return logs.get("logFormat") == "JSON" or not {"applicationLogLevel", "systemLogLevel"} & logs.keys()


def _refused(
    changed: dict[str, object], sentence: str, code: str = "ValidationException", source: str = ""
) -> RefusedCall:
    return RefusedCall("lambda.CreateFunction", but(FUNCTION_CODE, changed), code, sentence, source)


RULES = (
    Rule(
        "lambda-name",
        FUNCTION,
        "A function's name has 1 to 64 letters, digits, hyphens and underscores.",
        _API,
        text("name", 1, 64, r"[a-zA-Z0-9-_]+"),
        given({"name": "a" * 65}),
        (
            _refused(
                {"FunctionName": "a" * 65},
                failed("functionName", "have length less than or equal to 64", value="a" * 65),
                "InvalidParameterValueException",
                _RECORDED,
            ),
        ),
    ),
    Rule(
        "lambda-memory",
        FUNCTION,
        "A function has 128 to 10,240 MB.",
        _API,
        number("memorySize", 128, 10_240),
        given({"memorySize": 64}),
        (_refused({"MemorySize": 64}, failed("memorySize", "have value greater than or equal to 128", value="64")),),
    ),
    Rule(
        "lambda-timeout",
        FUNCTION,
        "The timeout of a function that Firehose invokes is 1 to 300 seconds; Lambda allows 900.",
        "https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html",
        number("timeout", 1, 300),
        given({"timeout": 0}),
        (_refused({"Timeout": 0}, failed("timeout", "have value greater than or equal to 1", value="0")),),
    ),
    Rule(
        "lambda-runtime",
        FUNCTION,
        "The runtime is one of Lambda's.",
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
        one_of("runtime", RUNTIMES),
        given({"runtime": "python3.7"}),
        (
            _refused(
                {"Runtime": "python9.9"},
                "Value python9.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [",
                "InvalidParameterValueException",
                _RECORDED,
            ),
        ),
    ),
    Rule(
        "lambda-architecture",
        FUNCTION,
        "The architecture is one of Lambda's two.",
        _API,
        lambda case: (
            len(case.inputs.get("architectures", ["arm64"])) == 1
            and set(case.inputs.get("architectures", ["arm64"])) <= set(ARCHITECTURES)
        ),
        given({"architectures": ["aarch64"]}),
        (
            _refused(
                {"Architectures": ["X86_64"]},
                "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: "
                "Member must "
                "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
                source=_RECORDED,
            ),
        ),
    ),
    Rule(
        "lambda-log-levels",
        FUNCTION,
        "Log levels require the JSON log format.",
        "aws-cloudformation/cfn-lint src/cfnlint/rules/resources/lmbd/FunctionLogLevelLogFormat.py (E3696)",
        _levels_have_json,
        given({"loggingConfig.logFormat": "Text"}),
    ),
    Rule(
        "lambda-log-group",
        FUNCTION,
        "A function's log group has 1 to 512 of the characters that CloudWatch Logs allows, and is not under aws/.",
        "badmintoncryer/cdk-preflight rules/lambda/pf-lambda-loggroup-no-aws-prefix",
        text("loggingConfig.logGroup", 1, 512, r"(?!aws/)[.\-_/#A-Za-z0-9]+"),
        given({"loggingConfig.logGroup": "aws/lambda/transform"}),
        (
            _refused(
                {"LoggingConfig": {"LogGroup": "log group"}},
                failed(
                    "loggingConfig.logGroup",
                    r"satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
                    value="log group",
                ),
            ),
        ),
    ),
    Rule(
        "lambda-environment",
        FUNCTION,
        "The environment variables have at most 4 KB, and their names start with a letter.",
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
        _environment_fits,
        given({"environment.variables": {"_PRIVATE": "1"}}),
        (
            _refused(
                {"Environment": {"Variables": _LARGE}},
                "Lambda was unable to configure your environment variables because the environment variables you have "
                f"provided exceeded the 4KB limit. String measured: {json.dumps(_LARGE, separators=(',', ':'))}",
                "InvalidParameterValueException",
                _RECORDED,
            ),
        ),
    ),
    Rule(
        "lambda-role",
        FUNCTION,
        "A function's role is the ARN of a role.",
        _API,
        text("role", 20, 256, r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"),
        given({"role": "transform-role"}),
        (
            _refused(
                {"Role": "r1"},
                failed(
                    "role",
                    r"satisfy regular expression pattern: "
                    r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
                    value="r1",
                ),
                source=_RECORDED,
            ),
        ),
    ),
    Rule(
        "lambda-description",
        FUNCTION,
        "A function's description has at most 256 characters.",
        _API,
        text("description", 0, 256),
        given({"description": "d" * 257}),
        (
            _refused(
                {"Description": "d" * 257},
                failed("description", "have length less than or equal to 256", value="d" * 257),
            ),
        ),
    ),
    Rule(
        "lambda-handler",
        FUNCTION,
        "A handler is a path of at most 128 characters to a function.",
        _API,
        text("handler", 1, 128, r"[^\s]+"),
        given({"handler": "transform handler"}),
        (
            _refused(
                {"Handler": "a b"},
                failed("handler", r"satisfy regular expression pattern: [^\s]+", value="a b"),
            ),
        ),
    ),
    Rule(
        "lambda-concurrency",
        FUNCTION,
        "A reserved concurrency is not 0, which stops the function.",
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
        number("reservedConcurrentExecutions", 1, 1_000_000, -1),
        given({"reservedConcurrentExecutions": 0}),
    ),
    Rule(
        "lambda-tracing",
        FUNCTION,
        "Tracing is active or passed through.",
        _API,
        one_of("tracingConfig.mode", ("Active", "PassThrough")),
        given({"tracingConfig.mode": "On"}),
        (
            _refused(
                {"TracingConfig": {"Mode": "On"}},
                failed("tracingConfig.mode", "satisfy enum value set: [", value="On"),
            ),
        ),
    ),
    Rule(
        "lambda-order",
        FUNCTION,
        "A function is created after its role's policy and its log group: otherwise its first log line creates "
        "another group.",
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
        both(
            waits_for_role_policy("role"),
            lambda case: waits_for(
                case, "aws:cloudwatch/logGroup:LogGroup", "name", at(case.inputs, "loggingConfig.logGroup")
            ),
        ),
        unordered,
    ),
)
