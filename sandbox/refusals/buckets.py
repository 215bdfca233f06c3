"""S3: a bucket's lifecycle, encryption, policy and notifications.

s3/*.snapshot.json of localstack/localstack (recorded on AWS) and its
services/s3/validation.py, rules/s3 of badmintoncryer/cdk-preflight,
plugins/modules/s3_lifecycle.py of ansible-collections/community.aws.
"""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

from moto.sqs.models import sqs_backends

from sandbox.front.reply import ServiceError
from sandbox.refusals.bucket_actions import names_action
from sandbox.refusals.given import Fields, fields, listed, texts
from sandbox.refusals.registry import Asked, refuses
from sandbox.state import ACCOUNT_ID

_MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_INFREQUENT, _INFREQUENT_DAYS = frozenset({"ONEZONE_IA", "STANDARD_IA"}), 30
_ACTIONS = (
    *("AbortIncompleteMultipartUpload", "Expiration", "NoncurrentVersionExpiration"),
    *("NoncurrentVersionTransitions", "Transitions"),
)
_OF_OBJECTS = ("Object", "ObjectAcl", "ObjectTagging", "ObjectVersion")
"""The suffixes of actions on objects."""


@refuses("s3", "CreateBucket", first=True)
def name(asked: Asked) -> ServiceError | None:
    """Refuse a bucket's name that S3 does not allow; moto checks its length alone.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    given = str(asked.get("Bucket"))
    allowed = (
        _NAME.fullmatch(given)
        and ".." not in given
        and not _ADDRESS.fullmatch(given)
        and not given.startswith(_RESERVED_PREFIXES)
        and not given.endswith(_RESERVED_SUFFIXES)
    )
    return None if allowed else ServiceError("InvalidBucketName", "The specified bucket is not valid.")


@refuses("s3", "PutBucketVersioning")
def versioning(asked: Asked) -> ServiceError | None:
    """Refuse a status that S3 does not have."""
    status = asked.at("VersioningConfiguration.Status")
    if status is None:
        sentence = "The Versioning element must be specified"
        return ServiceError("IllegalVersioningConfigurationException", sentence)
    return None if status in ("Enabled", "Suspended") else ServiceError("MalformedXML", _MALFORMED_XML)


@refuses("s3", "PutBucketLifecycleConfiguration")
def lifecycle(asked: Asked) -> ServiceError | None:
    """Refuse a lifecycle rule without an action, and the removal of delete markers by days or a date."""
    rules = listed(asked.at("LifecycleConfiguration.Rules"))
    for rule in rules:
        expiration = fields(rule.get("Expiration"))
        if "ExpiredObjectDeleteMarker" in expiration and len(expiration) > 1:
            return ServiceError("MalformedXML", _MALFORMED_XML)
        if not any(rule.get(action) for action in _ACTIONS):
            return ServiceError("InvalidRequest", "At least one action needs to be specified in a rule")
        if "Days" in expiration and expiration["Days"] < 1:
            return ServiceError("InvalidArgument", "'Days' for Expiration action must be a positive integer")
        if soon := _too_soon(rule):
            return soon
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(ids) != len(set(ids)):
        return ServiceError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    return None


@refuses("s3", "PutBucketEncryption")
def encryption(asked: Asked) -> ServiceError | None:
    """Refuse a key without KMS encryption."""
    for rule in listed(asked.at("ServerSideEncryptionConfiguration.Rules")):
        default = fields(rule.get("ApplyServerSideEncryptionByDefault"))
        if default.get("KMSMasterKeyID") and not str(default.get("SSEAlgorithm")).startswith("aws:kms"):
            return ServiceError(
                "InvalidArgument",
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            )
    return None


@refuses("s3", "PutBucketPolicy")
def policy(asked: Asked) -> ServiceError | None:
    """Refuse a policy that is not a JSON object with statements, each with S3's actions and resources in the bucket."""
    text = asked.get("Policy") or ""
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return _malformed("Policies must be valid JSON and the first byte must be '{'")
    statements = fields(document).get("Statement")
    if statements is None:
        return _malformed("Missing required field Statement")
    complaints = (_of_statement(statement, str(asked.get("Bucket"))) for statement in listed(statements))
    return next((_malformed(complaint) for complaint in complaints if complaint), None)


@refuses("s3", "PutBucketNotificationConfiguration")
def notifications(asked: Asked) -> ServiceError | None:
    """Refuse a notification whose queue's policy does not allow S3 to send for the bucket; S3 tests it."""
    for one in listed(asked.at("NotificationConfiguration.QueueConfigurations")):
        if not _lets_in(str(one.get("QueueArn")), str(asked.get("Bucket"))):
            return ServiceError("InvalidArgument", "Unable to validate the following destination configurations")
    return None


def _too_soon(rule: Fields) -> ServiceError | None:
    """The error for a move to infrequent access within 30 days.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    """
    for move in listed(rule.get("Transitions")):
        if move.get("StorageClass") in _INFREQUENT and move.get("Days") is not None and move["Days"] < _INFREQUENT_DAYS:
            return ServiceError(
                "InvalidArgument",
                f"'Days' in Transition action must be greater than or equal to {_INFREQUENT_DAYS} for storageClass "
                f"'{move['StorageClass']}'",
            )
    return None


def _of_statement(statement: Fields, bucket: str) -> str | None:
    if "Principal" not in statement and "NotPrincipal" not in statement:
        return "Missing required field Principal"
    resources = texts(statement.get("Resource"))
    if any(one.partition(":s3:::")[2].partition("/")[0] != bucket for one in resources):
        return "Policy has invalid resource"
    actions = texts(statement.get("Action"))
    if not all(names_action(action) for action in (*actions, *texts(statement.get("NotAction")))):
        return "Policy has invalid action"
    objects_alone = bool(actions) and all(action.endswith(_OF_OBJECTS) for action in actions)
    if resources and objects_alone and not any("/" in one for one in resources):
        return "Action does not apply to any resource(s) in statement"
    return None


def _lets_in(queue_arn: str, bucket: str) -> bool:
    if queue_arn.count(":") < 5:
        return False
    queue: Any = sqs_backends[ACCOUNT_ID][queue_arn.split(":")[3]].queues.get(queue_arn.rpartition(":")[2])
    if queue is None:
        return False
    document = fields(json.loads(queue.policy or "{}"))
    return any(_allows(statement, bucket) for statement in listed(document.get("Statement")))


def _allows(statement: Fields, bucket: str) -> bool:
    principal = statement.get("Principal")
    for_s3 = principal in ("*", {"AWS": "*"}) or "s3.amazonaws.com" in texts(fields(principal).get("Service"))
    sends = any(fnmatch.fnmatchcase("sqs:sendmessage", action.lower()) for action in texts(statement.get("Action")))
    return statement.get("Effect") == "Allow" and for_s3 and sends and _holds(statement, bucket)


def _holds(statement: Fields, bucket: str) -> bool:
    """Return whether a statement's conditions allow S3 to send on behalf of the bucket; ignore other conditions."""
    carried = {"aws:sourcearn": f"arn:aws:s3:::{bucket}", "aws:sourceaccount": ACCOUNT_ID}
    return all(
        any(fnmatch.fnmatchcase(carried[key.lower()], value) for value in texts(values))
        for keys in fields(statement.get("Condition")).values()
        for key, values in fields(keys).items()
        if key.lower() in carried
    )


def _malformed(sentence: str) -> ServiceError:
    return ServiceError("MalformedPolicy", sentence)
