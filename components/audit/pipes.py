"""The rules of the Pipes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.audit.patterns import is_pattern
from components.audit.reading import Fields, at, fields, listed, text, waits_for_role_policy
from components.audit.requests import BUS, PIPE, STREAM, but, failed
from components.audit.rule import Check, RefusedCall, Rule, Spoil
from components.audit.spoiling import NOTHING, given, unordered
from components.explain.evidence import Case

PIPE_TYPE = "aws:pipes/pipe:Pipe"

_API = "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/"
_GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/pipes/"
_SOURCES = {"dynamodbStreamParameters": "dynamodb", "kinesisStreamParameters": "kinesis"}
_TARGETS = {"kinesisStreamParameters": "kinesis", "eventbridgeEventBusParameters": "events"}
_LARGEST_BATCH = {"events": 10, "firehose": 500, "kinesis": 500, "sns": 10, "sqs": 10}
_MAX_FILTERS = 5
_STREAM = "SourceParameters.DynamoDBStreamParameters"


def _service(arn: Any) -> str:
    return str(arn).split(":")[2]


def _stream(case: Case) -> Fields:
    """The parameters of the pipe's source stream, of either kind."""
    kind = next((name for name in _SOURCES if name in fields(case.inputs, "sourceParameters")), "")
    return fields(case.inputs, f"sourceParameters.{kind}")


def _in_stream(name: str, low: int, high: int, *also: int) -> Check:
    def holds(case: Case) -> bool:
        value = _stream(case).get(name)
        return value is None or value in also or low <= value <= high

    return holds


def _spoilt_stream(name: str, value: Any) -> Spoil:
    def spoil(case: Case) -> Case:
        kind = next(kind for kind in _SOURCES if kind in case.inputs["sourceParameters"])
        return given({f"sourceParameters.{kind}.{name}": value})(case)

    return spoil


def _has_its_source(case: Case) -> bool:
    kinds = {_SOURCES[name] for name in fields(case.inputs, "sourceParameters") if name in _SOURCES}
    return kinds == {_service(case.inputs["source"])}


def _has_its_target(case: Case) -> bool:
    kinds = {_TARGETS[name] for name in fields(case.inputs, "targetParameters") if name in _TARGETS}
    return kinds <= {_service(case.inputs["target"])}


def _patterns(case: Case) -> Iterator[str]:
    return (one["pattern"] for one in listed(case.inputs, "sourceParameters.filterCriteria.filters"))


def _logs_somewhere(case: Case) -> bool:
    logs = fields(case.inputs, "logConfiguration")
    return not logs or logs.get("level") == "OFF" or len(logs) > 1


def _refused_stream(name: str, value: Any, constraint: str) -> tuple[RefusedCall, ...]:
    path = f"sourceParameters.dynamoDBStreamParameters.{name[0].lower()}{name[1:]}"
    return (
        RefusedCall(
            "pipes.CreatePipe",
            but(PIPE, {f"{_STREAM}.{name}": value}),
            "ValidationException",
            failed(path, constraint, shown=False),
        ),
    )


RULES = (
    Rule(
        "pipes-name",
        PIPE_TYPE,
        "A pipe's name has 1 to 64 letters, digits, dots, hyphens and underscores.",
        f"{_API}API_CreatePipe.html",
        text("name", 1, 64, r"[.\-_A-Za-z0-9]+"),
        given({"name": "p" * 65}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"Name": "p" * 65}),
                "ValidationException",
                failed("name", "have length less than or equal to 64", shown=False),
            ),
        ),
    ),
    Rule(
        "pipes-description",
        PIPE_TYPE,
        "A pipe's description has at most 512 characters.",
        f"{_API}API_CreatePipe.html",
        text("description", 0, 512),
        given({"description": "d" * 513}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"Description": "d" * 513}),
                "ValidationException",
                failed("description", "have length less than or equal to 512", shown=False),
            ),
        ),
    ),
    Rule(
        "pipes-batch",
        PIPE_TYPE,
        "The batch size is at most the target's maximum: 500 records of Kinesis, 10 events of a bus.",
        f"{_GUIDE}eb-pipes-batching-concurrency.html",
        lambda case: 1 <= _stream(case).get("batchSize", 1) <= _LARGEST_BATCH[_service(case.inputs["target"])],
        _spoilt_stream("batchSize", 501),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(
                    PIPE,
                    {
                        f"{_STREAM}.BatchSize": 11,
                        "Target": BUS,
                        "TargetParameters": {"EventBridgeEventBusParameters": {"Source": "audit"}},
                    },
                ),
                "ValidationException",
                "The configured batch size 11 is greater than the max supported",
                f"{_PREFLIGHT}pf-pipes-batch-size-target-limit",
            ),
            *_refused_stream("BatchSize", 10_001, "have value less than or equal to 10000"),
        ),
    ),
    Rule(
        "pipes-window",
        PIPE_TYPE,
        "The batching window is at most 300 seconds.",
        f"{_API}API_PipeSourceDynamoDBStreamParameters.html",
        _in_stream("maximumBatchingWindowInSeconds", 0, 300),
        _spoilt_stream("maximumBatchingWindowInSeconds", 301),
        _refused_stream("MaximumBatchingWindowInSeconds", 301, "have value less than or equal to 300"),
    ),
    Rule(
        "pipes-parallel",
        PIPE_TYPE,
        "The parallelization factor is 1 to 10.",
        f"{_API}API_PipeSourceDynamoDBStreamParameters.html",
        _in_stream("parallelizationFactor", 1, 10),
        _spoilt_stream("parallelizationFactor", 11),
        _refused_stream("ParallelizationFactor", 11, "have value less than or equal to 10"),
    ),
    Rule(
        "pipes-retries",
        PIPE_TYPE,
        "A batch has at most 10,000 retries; -1 means no limit.",
        f"{_API}API_PipeSourceDynamoDBStreamParameters.html",
        _in_stream("maximumRetryAttempts", 0, 10_000, -1),
        _spoilt_stream("maximumRetryAttempts", 10_001),
        _refused_stream("MaximumRetryAttempts", 10_001, "have value less than or equal to 10000"),
    ),
    Rule(
        "pipes-age",
        PIPE_TYPE,
        "The maximum record age is 60 to 604,800 seconds; -1 means no limit.",
        f"{_API}API_PipeSourceDynamoDBStreamParameters.html",
        _in_stream("maximumRecordAgeInSeconds", 60, 604_800, -1),
        _spoilt_stream("maximumRecordAgeInSeconds", 604_801),
        _refused_stream("MaximumRecordAgeInSeconds", 604_801, "have value less than or equal to 604800"),
    ),
    Rule(
        "pipes-start",
        PIPE_TYPE,
        "A pipe has a starting position.",
        f"{_API}API_PipeSourceDynamoDBStreamParameters.html",
        lambda case: _stream(case).get("startingPosition") in ("TRIM_HORIZON", "LATEST"),
        _spoilt_stream("startingPosition", "EARLIEST"),
        _refused_stream("StartingPosition", "EARLIEST", "satisfy enum value set: ["),
    ),
    Rule(
        "pipes-source",
        PIPE_TYPE,
        "A pipe has the parameters of its source's kind; a stream requires them.",
        f"{_PREFLIGHT}pf-pipes-source-parameters",
        _has_its_source,
        given({"source": f"arn:aws:sqs:eu-west-1:{'1' * 12}:queue"}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"Source": STREAM}),
                "ValidationException",
                "Invalid source parameter provided for source",
            ),
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"SourceParameters": {}}),
                "ValidationException",
                "SourceParameters.DynamoDBStreamParameters Missing required parameter.",
            ),
        ),
    ),
    Rule(
        "pipes-target",
        PIPE_TYPE,
        "A pipe has the parameters of its target's kind.",
        f"{_PREFLIGHT}pf-pipes-target-parameters",
        _has_its_target,
        given({"target": f"arn:aws:sqs:eu-west-1:{'1' * 12}:queue"}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"Target": BUS}),
                "ValidationException",
                "Invalid target parameter provided for target",
            ),
        ),
    ),
    Rule(
        "pipes-region",
        PIPE_TYPE,
        "Source and target are in the same region.",
        f"{_PREFLIGHT}pf-pipes-cross-region",
        lambda case: case.inputs["source"].split(":")[3] == case.inputs["target"].split(":")[3],
        given({"target": f"arn:aws:kinesis:us-east-1:{'1' * 12}:stream/s"}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"Target": STREAM.replace("eu-west-1", "us-east-1")}),
                "ValidationException",
                "Creating cross-region pipe is not permitted.",
            ),
        ),
    ),
    Rule(
        "pipes-filters",
        PIPE_TYPE,
        "A pipe has at most 5 filters, each an event pattern of at most 4,096 characters.",
        f"{_API}API_FilterCriteria.html",
        lambda case: (
            len(list(_patterns(case))) <= _MAX_FILTERS
            and all(len(one) <= 4096 and is_pattern(one) for one in _patterns(case))
        ),
        given({"sourceParameters.filterCriteria.filters": [{"pattern": '{"eventName": "INSERT"}'}]}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"SourceParameters.FilterCriteria": {"Filters": [{"Pattern": '{"eventName": "INSERT"}'}]}}),
                "ValidationException",
                'Invalid Event Pattern. Reason: "eventName" must be an object or an array',
                f"{_PREFLIGHT}pf-pipes-filter-pattern",
            ),
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"SourceParameters.FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}),
                "ValidationException",
                "Invalid Event Pattern. Reason: Empty objects are not allowed",
                f"{_PREFLIGHT}pf-pipes-filter-pattern",
            ),
        ),
    ),
    Rule(
        "pipes-log",
        PIPE_TYPE,
        "Enabled logging has a destination.",
        f"{_PREFLIGHT}pf-pipes-log-configuration",
        _logs_somewhere,
        given({"logConfiguration.cloudwatchLogsLogDestination": NOTHING}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"LogConfiguration": {"Level": "ERROR"}}),
                "ValidationException",
                "Must provide at least 1 log destination in LogConfiguration",
            ),
        ),
    ),
    Rule(
        "pipes-log-group",
        PIPE_TYPE,
        "A pipe's log group is under /aws/vendedlogs/: otherwise the account's log resource policy grows until it is "
        "full.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html",
        lambda case: (
            ":log-group:/aws/vendedlogs/"
            in str(at(case.inputs, "logConfiguration.cloudwatchLogsLogDestination.logGroupArn"))
        ),
        given({"logConfiguration.cloudwatchLogsLogDestination.logGroupArn": "arn:aws:logs:eu-west-1:1:log-group:p"}),
    ),
    Rule(
        "pipes-template",
        PIPE_TYPE,
        "An input template has 8,192 characters at most.",
        f"{_API}API_PipeTargetParameters.html",
        text("targetParameters.inputTemplate", 0, 8192),
        given({"targetParameters.inputTemplate": "t" * 8193}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"TargetParameters.InputTemplate": "t" * 8193}),
                "ValidationException",
                failed("targetParameters.inputTemplate", "have length less than or equal to 8192", shown=False),
            ),
        ),
    ),
    Rule(
        "pipes-partition-key",
        PIPE_TYPE,
        "A partition key, or its path, has at most 256 characters.",
        f"{_API}API_PipeTargetKinesisStreamParameters.html",
        text("targetParameters.kinesisStreamParameters.partitionKey", 1, 256),
        given({"targetParameters.kinesisStreamParameters.partitionKey": "k" * 257}),
        (
            RefusedCall(
                "pipes.CreatePipe",
                but(PIPE, {"TargetParameters.KinesisStreamParameters.PartitionKey": "k" * 257}),
                "ValidationException",
                failed(
                    "targetParameters.kinesisStreamParameters.partitionKey",
                    "have length less than or equal to 256",
                    shown=False,
                ),
            ),
        ),
    ),
    Rule(
        "pipes-dead-letters",
        PIPE_TYPE,
        "The dead-letter target is a standard queue or topic.",
        f"{_GUIDE}eb-pipes-batching-concurrency.html",
        lambda case: (
            _service(_stream(case)["deadLetterConfig"]["arn"]) in ("sqs", "sns")
            and not _stream(case)["deadLetterConfig"]["arn"].endswith(".fifo")
        ),
        _spoilt_stream("deadLetterConfig", {"arn": f"arn:aws:sqs:eu-west-1:{'1' * 12}:letters.fifo"}),
    ),
    Rule(
        "pipes-order",
        PIPE_TYPE,
        "A pipe is created after its role's policy: creation checks access to the source.",
        f"{_GUIDE}eb-pipes-permissions.html",
        waits_for_role_policy("roleArn"),
        unordered,
    ),
)
