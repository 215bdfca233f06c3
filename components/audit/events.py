"""The rules of the bus, its rules and their targets."""

from __future__ import annotations

import re
from typing import Any

from components.audit.patterns import is_pattern
from components.audit.reading import at, both, document, fields, key_policy, lets, number, statements, text, texts
from components.audit.requests import QUEUE
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import beside, given, unordered
from components.explain.evidence import Case

BUS = "aws:cloudwatch/eventBus:EventBus"
BUS_POLICY = "aws:cloudwatch/eventBusPolicy:EventBusPolicy"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"

_API = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/"
_GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/events/"
_RECORDED = "localstack/localstack tests/aws/services/events/"
_SERVICE = "events.amazonaws.com"
_NAMED = re.compile(r"<([^<>]+)>")
_LONG = '{"source": ["' + "s" * 2048 + '"]}'
_RULE = {"Name": "audit", "EventPattern": '{"source": ["audit"]}'}
_RULE_MADE = ("events.PutRule", _RULE)


def _placeholders_are_declared(case: Case) -> bool:
    template = str(at(case.inputs, "inputTransformer.inputTemplate") or "")
    declared = fields(case.inputs, "inputTransformer.inputPaths")
    return all(name in declared or name.startswith("aws.events.") for name in _NAMED.findall(template))


def _has_one_input(case: Case) -> bool:
    return sum(name in case.inputs for name in ("input", "inputPath", "inputTransformer")) <= 1


def _policies_of(case: Case, arn: Any) -> list[Any]:
    urls = {one.state.get("url") for one in case.graph.of("aws:sqs/queue:Queue") if one.state.get("arn") == arn}
    return [one for one in case.graph.of(QUEUE_POLICY) if one.inputs["queueUrl"] in urls]


def _queue_lets_in(case: Case) -> bool:
    arns = (case.inputs["arn"], at(case.inputs, "deadLetterConfig.arn"))
    queues = [arn for arn in arns if arn and ":sqs:" in arn]
    return all(
        any(lets(one.inputs["policy"], _SERVICE, "sqs:SendMessage") for one in _policies_of(case, arn))
        for arn in queues
    )


def _waits_for_queue_policy(case: Case) -> bool:
    needed = {one.urn for one in _policies_of(case, case.inputs["arn"])}
    return bool(needed) and needed <= set(case.resource.depends_on)


def _bus_uses_the_key(case: Case) -> bool:
    needed = ("kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey")
    return not case.inputs.get("kmsKeyIdentifier") or lets(key_policy(case), _SERVICE, *needed)


def _waits_until_its_principals_are_known(case: Case) -> bool:
    """Whether a slow resource has already used each role that the policy names."""
    arns = {arn for one in statements(case.inputs["policy"]) for arn in texts(at(one, "Principal.AWS"))}
    roles = {one.state.get("arn") for one in case.graph.of("aws:iam/role:Role")} & arns
    users = {at(one.inputs, "roleArn"): one.urn for one in case.graph.of("aws:pipes/pipe:Pipe")}
    return all(users.get(arn) in case.resource.depends_on for arn in roles)


def _targets(changed: dict[str, object]) -> dict[str, object]:
    return {"Rule": "audit", "Targets": [{"Id": "queue", "Arn": QUEUE, **changed}]}


def _refused(changed: dict[str, object], sentence: str, source: str) -> RefusedCall:
    return RefusedCall("events.PutTargets", _targets(changed), "ValidationException", sentence, source, (_RULE_MADE,))


RULES = (
    Rule(
        "events-bus-name",
        BUS,
        "A bus's name has 1 to 256 letters, digits, dots, hyphens and underscores, and is not default.",
        f"{_API}API_CreateEventBus.html",
        text("name", 1, 256, r"(?!default$)[.\-_A-Za-z0-9]+"),
        given({"name": "orders/events"}),
        (
            RefusedCall(
                "events.CreateEventBus",
                {"Name": "orders/events"},
                "ValidationException",
                "Event bus name must not contain '/'.",
                f"{_PREFLIGHT}pf-events-bus-name",
            ),
        ),
    ),
    Rule(
        "events-bus-description",
        BUS,
        "A bus's description has at most 512 characters.",
        f"{_API}API_CreateEventBus.html",
        text("description", 0, 512),
        given({"description": "d" * 513}),
        (
            RefusedCall(
                "events.CreateEventBus",
                {"Name": "audit", "Description": "d" * 513},
                "ValidationException",
                f"1 validation error detected: Value '{'d' * 513}' at 'description' failed to satisfy constraint: "
                "Member must have length less than or equal to 512",
            ),
        ),
    ),
    Rule(
        "events-bus-uses-the-key",
        BUS,
        "EventBridge is allowed to use the bus's key.",
        f"{_GUIDE}eb-encryption-event-bus-cmkey.html",
        _bus_uses_the_key,
        lambda case: given({"kmsKeyIdentifier": "key"})(
            beside("aws:kms/key:Key", {"policy": '{"Statement": []}'})(case)
        ),
    ),
    Rule(
        "events-bus-policy-order",
        BUS_POLICY,
        "A bus policy is created after its role has been used: EventBridge refuses a principal that has not "
        "propagated, and the provider does not retry.",
        "hashicorp/terraform-provider-aws internal/service/events/bus_policy.go, "
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html (eventual consistency)",
        _waits_until_its_principals_are_known,
        unordered,
    ),
    Rule(
        "events-bus-policy",
        BUS_POLICY,
        "A bus policy is a JSON object with statements, each with a principal and an id.",
        f"{_API}API_PutPermission.html",
        lambda case: all({"Sid", "Principal"} <= one.keys() for one in document(case.inputs["policy"])["Statement"]),
        given({"policy": '{"Statement": [{"Effect": "Allow"}]}'}),
        (
            RefusedCall(
                "events.PutPermission",
                {"EventBusName": "default", "Policy": "not JSON"},
                "ValidationException",
                "This policy contains invalid Json",
                "getmoto/moto moto/events/models.py",
            ),
        ),
    ),
    Rule(
        "events-rule-name",
        RULE,
        "A rule's name has 1 to 64 letters, digits, dots, hyphens and underscores.",
        f"{_API}API_PutRule.html",
        text("name", 1, 64, r"[.\-_A-Za-z0-9]+"),
        given({"name": "order placed"}),
        (
            RefusedCall(
                "events.PutRule",
                {**_RULE, "Name": "This should fail with two errors 123467890123412341234123412341234"},
                "ValidationException",
                "2 validation errors detected: Value 'This should fail with two errors "
                "123467890123412341234123412341234' at 'name' failed to satisfy constraint: Member must satisfy "
                "regular "
                r"expression pattern: [\.\-_A-Za-z0-9]+; Value 'This should fail with two errors "
                "123467890123412341234123412341234' at 'name' failed to satisfy constraint: Member must have "
                "length less "
                "than or equal to 64",
                f"{_RECORDED}test_events.snapshot.json",
            ),
        ),
    ),
    Rule(
        "events-rule-description",
        RULE,
        "A rule's description has at most 512 characters.",
        f"{_API}API_PutRule.html",
        text("description", 0, 512),
        given({"description": "d" * 513}),
        (
            RefusedCall(
                "events.PutRule",
                {**_RULE, "Description": "d" * 513},
                "ValidationException",
                f"1 validation error detected: Value '{'d' * 513}' at 'description' failed to satisfy constraint: "
                "Member must have length less than or equal to 512",
            ),
        ),
    ),
    Rule(
        "events-pattern-size",
        RULE,
        "An event pattern has at most 2,048 characters.",
        f"{_GUIDE}eb-quota.html",
        text("eventPattern", 1, 2048),
        given({"eventPattern": _LONG}),
        (
            RefusedCall(
                "events.PutRule",
                {**_RULE, "EventPattern": _LONG},
                "ValidationException",
                "Parameter EventPattern for rule audit exceeds limit of 2048.",
                f"{_PREFLIGHT}pf-events-rule-pattern-size",
            ),
        ),
    ),
    Rule(
        "events-pattern",
        RULE,
        "An event pattern's leaves are lists of values and of supported operators.",
        f"{_GUIDE}eb-create-pattern.html",
        lambda case: is_pattern(case.inputs["eventPattern"]),
        given({"eventPattern": '{"source": "order-cdc"}'}),
        (
            RefusedCall(
                "events.PutRule",
                {**_RULE, "EventPattern": '{"source": "order-cdc"}'},
                "InvalidEventPatternException",
                'Event pattern is not valid. Reason: "source" must be an object or an array',
                f"{_RECORDED}test_events_patterns.snapshot.json",
            ),
            RefusedCall(
                "events.PutRule",
                {**_RULE, "EventPattern": '{"detail": {"units": [{"NUMERIC": [">", 9]}]}}'},
                "InvalidEventPatternException",
                "Event pattern is not valid. Reason: Unrecognized match type NUMERIC",
                f"{_RECORDED}test_events_patterns.snapshot.json",
            ),
        ),
    ),
    Rule(
        "events-target-placeholders",
        TARGET,
        "A template's placeholders are declared in its paths.",
        f"{_GUIDE}eb-transform-target-input.html",
        both(_placeholders_are_declared, _has_one_input),
        given({"inputTransformer": {"inputPaths": {}, "inputTemplate": '{"id": "<id>"}'}}),
        (
            _refused(
                {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '"<notdefinedkey>"'}},
                "InputTemplate for target queue contains invalid placeholder notdefinedkey.",
                f"{_RECORDED}test_events_inputs.snapshot.json",
            ),
            _refused(
                {"Input": "{}", "InputPath": "$.detail"},
                "Only one of Input, InputPath, or InputTransformer must be provided for target queue.",
                f"{_RECORDED}test_events_inputs.snapshot.json",
            ),
        ),
    ),
    Rule(
        "events-target-template",
        TARGET,
        "An input template has at most 8,192 characters.",
        f"{_API}API_InputTransformer.html",
        text("inputTransformer.inputTemplate", 1, 8192),
        given({"inputTransformer.inputTemplate": "t" * 8193}),
        (
            _refused(
                {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": "t" * 8193}},
                f"1 validation error detected: Value '{'t' * 8193}' at "
                "'targets.1.member.inputTransformer.inputTemplate' failed to satisfy constraint: Member must have "
                "length "
                "less than or equal to 8192",
                f"{_RECORDED}test_events.snapshot.json (the form)",
            ),
        ),
    ),
    Rule(
        "events-target-retries",
        TARGET,
        "EventBridge retries at most 185 times, for a minute to a day.",
        f"{_API}API_RetryPolicy.html",
        both(
            number("retryPolicy.maximumRetryAttempts", 0, 185),
            number("retryPolicy.maximumEventAgeInSeconds", 60, 86_400),
        ),
        given({"retryPolicy": {"maximumRetryAttempts": 186}}),
        (
            _refused(
                {"RetryPolicy": {"MaximumRetryAttempts": 186}},
                "1 validation error detected: Value '186' at 'targets.1.member.retryPolicy.maximumRetryAttempts' "
                "failed to "
                "satisfy constraint: Member must have value less than or equal to 185",
                f"{_RECORDED}test_events.snapshot.json (the form)",
            ),
        ),
    ),
    Rule(
        "events-target-dead-letters",
        TARGET,
        "The dead-letter queue is a standard queue.",
        f"{_PREFLIGHT}pf-events-target-dlq",
        lambda case: (
            str(at(case.inputs, "deadLetterConfig.arn") or ":sqs:").count(":sqs:") == 1
            and not str(at(case.inputs, "deadLetterConfig.arn")).endswith(".fifo")
        ),
        given({"deadLetterConfig.arn": "arn:aws:sns:eu-west-1:123456789012:letters"}),
        (
            _refused(
                {"DeadLetterConfig": {"Arn": "arn:aws:sns:eu-west-1:123456789012:letters"}},
                "sns is not supported as a dead letter resource",
                f"{_PREFLIGHT}pf-events-target-dlq",
            ),
            _refused(
                {"DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}},
                "SQS FIFO is not supported by Dead Letter Queues",
                f"{_PREFLIGHT}pf-events-target-dlq",
            ),
        ),
    ),
    Rule(
        "events-target-let-in",
        TARGET,
        "The policy of a target queue or dead-letter queue allows EventBridge to send.",
        f"{_GUIDE}eb-use-resource-based.html",
        _queue_lets_in,
        beside(QUEUE_POLICY, {"policy": '{"Statement": []}'}),
    ),
    Rule(
        "events-target-order",
        TARGET,
        "A target is created after its queue's policy: otherwise the first events go to the dead-letter queue.",
        f"{_GUIDE}eb-use-resource-based.html",
        _waits_for_queue_policy,
        unordered,
    ),
)
