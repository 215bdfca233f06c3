"""The customer-managed key of a stack with `customerManagedKeys`."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.errors import error_rule_arn
from components.fanout import event_sources
from components.permission import EVENTS, EVERYBODY, Condition, Permission, Principal, policy
from components.stage import Context, Stage

_ADMINISTER = (
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias"),
    *("kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation"),
    *("kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy"),
    *("kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations"),
    *("kms:ListResourceTags", "kms:RotateKeyOnDemand"),
    *("kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant", "kms:RevokeGrant"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias"),
    *("kms:UpdateKeyDescription",),
)


class Encryption(Stage):
    """A KMS key, rotated every year, and its alias.

    The account's IAM policies decide who uses it. The key policy allows CloudWatch's logs and alarms, which use no role
    of the stack. No change of the program and no destroy deletes the key: data that is encrypted with a deleted key is
    lost, also in backups and old versions, and only an operator knows when none remains. Needs only the context.
    Exports `key_arn`.
    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    """

    key_arn: pulumi.Output[str]

    def __init__(self, name: str, context: Context, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Encryption", name, context, opts)
        key = aws.kms.Key(
            name,
            aws.kms.KeyArgs(
                description=f"Data of {context.names.prefix} {context.names.stack} at rest",
                enable_key_rotation=True,
                deletion_window_in_days=30 if context.settings.protect else 7,
                policy=policy(_key_policy(context)),
                tags=self.tags,
            ),
            self.child(protect=context.settings.protect, retain_on_delete=True),
        )
        aws.kms.Alias(
            name,
            aws.kms.AliasArgs(name=f"alias/{context.names('key')}", target_key_id=key.key_id),
            self.child(),
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})


def _key_policy(context: Context) -> list[Permission]:
    account = Principal("AWS", pulumi.Output.format("arn:{}:iam::{}:root", context.partition, context.account_id))
    logs = Principal("Service", pulumi.Output.format("logs.{}.amazonaws.com", context.region))
    alarms = Principal("Service", "cloudwatch.amazonaws.com")
    notes = [_lake_notes_errors(context)] if context.settings.error_queue else []
    native = [_table_writes(context)] if context.settings.capture_mode == "native" else []
    events = _bus_tells_events(context) if context.settings.event_fanout else []
    return [
        *native,
        *notes,
        *events,
        Permission(_ADMINISTER, ("*",), principal=account),
        Permission(
            (
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ),
            ("*",),
            (Condition("ArnLike", "kms:EncryptionContext:aws:logs:arn", context.arn("logs", "log-group:*")),),
            logs,
        ),
        Permission(
            ("kms:Decrypt", "kms:GenerateDataKey"),
            ("*",),
            context.from_source(context.arn("cloudwatch", "alarm:*")),
            alarms,
        ),
    ]


def _lake_notes_errors(context: Context) -> Permission:
    """Let EventBridge write to the lake's encrypted error queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html ("encrypted Amazon SQS queue")
    """
    return Permission(
        ("kms:Decrypt", "kms:GenerateDataKey"), ("*",), context.from_source(error_rule_arn(context)), EVENTS
    )


def _bus_tells_events(context: Context) -> list[Permission]:
    """Let EventBridge encrypt events on the bus and write to the encrypted queues of its rules.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html
    """
    return [
        # Called without a source when the bus is created; it only returns the key's metadata.
        Permission(("kms:DescribeKey",), ("*",), principal=EVENTS),
        *(
            Permission(("kms:Decrypt", "kms:GenerateDataKey"), ("*",), context.from_source(source), EVENTS)
            for source in event_sources(context)
        ),
    ]


def _table_writes(context: Context) -> Permission:
    """Let DynamoDB write to the encrypted Kinesis stream.

    The policy of its service-linked role does not include customer keys, and the role may not exist before the
    account's first native capture, so it cannot be the principal.
    """
    role = "aws-service-role/kinesisreplication.dynamodb.amazonaws.com/"
    writer = pulumi.Output.format(
        "arn:{}:iam::{}:role/{}AWSServiceRoleForDynamoDBKinesisDataStreamsReplication",
        context.partition,
        context.account_id,
        role,
    )
    return Permission(
        ("kms:GenerateDataKey",),
        ("*",),
        (
            Condition("StringEquals", "kms:CallerAccount", context.account_id),
            Condition("ArnEquals", "aws:PrincipalArn", writer),
        ),
        EVERYBODY,
    )
