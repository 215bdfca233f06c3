"""The rules of buckets and their configurations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from components.audit.reading import at, each, fields, lets, listed, statements, texts, waits_for
from components.audit.rule import RefusedCall, Rule, Spoil
from components.audit.spoiling import beside, given, heeding, statement, unordered
from components.explain.evidence import Case

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"

_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/s3/"
_RECORDED = "localstack/localstack tests/aws/services/s3/test_s3_api.snapshot.json"
_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)")
_ACTIONS = (
    "abortIncompleteMultipartUpload",
    "expiration",
    "noncurrentVersionExpiration",
    "noncurrentVersionTransitions",
    "transitions",
)
_OWNED = {
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "lifecycleRules",
    "aws:s3/bucketLogging:BucketLogging": "logging",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "serverSideEncryptionConfiguration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "versioning",
}
"""The separate resources of a bucket's configuration, and the bucket property that `refresh` would fill with it."""
BUCKET_MADE = (
    "s3.CreateBucket",
    {"Bucket": "audit-rules", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
)
_QUOTED = "apache/ozone OmLCExpiration.java, and Tencent's documentation of its copy of the API, which quote S3"
_XML = "The XML you provided was not well-formed or did not validate against our published schema"
_WHOLE = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}}


def _marker_stands_alone(rule: Mapping[str, Any]) -> bool:
    expiration = fields(rule, "expiration")
    return not expiration.get("expiredObjectDeleteMarker") or len(expiration) == 1


def _ids_are_unique(case: Case) -> bool:
    ids = [rule["id"] for rule in listed(case.inputs, "rules")]
    return len(ids) == len(set(ids)) and all(1 <= len(one) <= 255 for one in ids)


def _key_is_of_kms(rule: Mapping[str, Any]) -> bool:
    default = fields(rule, "applyServerSideEncryptionByDefault")
    by_key = str(default.get("sseAlgorithm")).startswith("aws:kms")
    return by_key or not (default.get("kmsMasterKeyId") or rule.get("bucketKeyEnabled"))


def _is_within(case: Case) -> bool:
    bucket = case.inputs["bucket"]
    return all(
        resource.partition(":s3:::")[2].partition("/")[0] == bucket
        for one in statements(case.inputs["policy"])
        for resource in texts(one.get("Resource"))
    )


def _objects_are_objects(case: Case) -> bool:
    return all(
        any("/" in resource for resource in texts(one.get("Resource")))
        for one in statements(case.inputs["policy"])
        if any(action.endswith("Object") for action in texts(one.get("Action")))
    )


def _is_not_public(case: Case) -> bool:
    block = case.side(BLOCK, "bucket", case.inputs["bucket"])
    public = any(
        one.get("Effect") == "Allow" and one.get("Principal") in ("*", {"AWS": "*"}) and not one.get("Condition")
        for one in statements(case.inputs["policy"])
    )
    return not (public and block is not None and block.inputs.get("blockPublicPolicy"))


def _log_bucket_takes_logs(case: Case) -> bool:
    target = case.inputs["targetBucket"]
    policy = case.side(POLICY, "bucket", target)
    encryption = case.side(ENCRYPTION, "bucket", target)
    algorithm = at(encryption.inputs, "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm") if encryption else None
    return (
        policy is not None
        and lets(policy.inputs["policy"], "logging.s3.amazonaws.com", "s3:PutObject")
        and algorithm in (None, "AES256")
    )


def _leaves_alone(case: Case) -> bool:
    bucket = case.inputs["bucket"]
    owned = {name for type_, name in _OWNED.items() if case.side(type_, "bucket", bucket)}
    return owned <= set(case.resource.ignore_changes) | case.inputs.keys()


def _lifecycle(*rules: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Bucket": "audit-rules", "LifecycleConfiguration": {"Rules": list(rules)}}


def _refused(request: Mapping[str, Any], code: str, sentence: str, source: str = "") -> RefusedCall:
    return RefusedCall("s3.PutBucketLifecycleConfiguration", request, code, sentence, source, (BUCKET_MADE,))


def _first_rule(changed: Mapping[str, Any]) -> Spoil:
    return given({f"rules.0.{path}": value for path, value in changed.items()})


RULES = (
    Rule(
        "s3-name",
        BUCKET,
        "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, and no reserved prefix or suffix.",
        f"{_GUIDE}bucketnamingrules.html",
        lambda case: _NAME.fullmatch(case.inputs["bucket"]) is not None,
        given({"bucket": "Order-Lake"}),
        (
            RefusedCall(
                "s3.CreateBucket",
                {"Bucket": "ab", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
                "InvalidBucketName",
                "The specified bucket is not valid.",
                "localstack/localstack tests/aws/services/s3/test_s3.snapshot.json",
            ),
        ),
    ),
    Rule(
        "s3-separate",
        BUCKET,
        "A bucket ignores properties that separate resources manage: otherwise refresh and up remove them.",
        "https://github.com/pulumi/pulumi-aws/issues/6244",
        _leaves_alone,
        heeding,
    ),
    Rule(
        "s3-lifecycle-marker",
        LIFECYCLE,
        "A rule that removes delete markers has no expiration by days or date.",
        f"{_GUIDE}intro-lifecycle-rules.html",
        each("rules", _marker_stands_alone),
        _first_rule({"expiration": {"expiredObjectDeleteMarker": True, "days": 7}}),
        (
            _refused(
                _lifecycle({**_WHOLE, "Expiration": {"ExpiredObjectDeleteMarker": True, "Days": 7}}),
                "MalformedXML",
                _XML,
                "localstack/localstack localstack-core/localstack/services/s3/validation.py",
            ),
        ),
    ),
    Rule(
        "s3-lifecycle-acts",
        LIFECYCLE,
        "A rule has at least one action.",
        "ansible-collections/community.aws plugins/modules/s3_lifecycle.py",
        each("rules", lambda rule: any(rule.get(action) for action in _ACTIONS)),
        given({"rules.0": {"id": "idle", "status": "Enabled", "filter": {"prefix": ""}}}),
        (_refused(_lifecycle(_WHOLE), "InvalidRequest", "At least one action needs to be specified in a rule"),),
    ),
    Rule(
        "s3-lifecycle-days",
        LIFECYCLE,
        "An object expires after at least one day.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html",
        each("rules", lambda rule: fields(rule, "expiration").get("days", 1) >= 1),
        _first_rule({"expiration": {"days": 0}}),
        (
            _refused(
                _lifecycle({**_WHOLE, "Expiration": {"Days": 0}}),
                "InvalidArgument",
                "'Days' for Expiration action must be a positive integer",
                _QUOTED,
            ),
        ),
    ),
    Rule(
        "s3-lifecycle-ids",
        LIFECYCLE,
        "Rules have distinct ids of at most 255 characters.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html",
        _ids_are_unique,
        lambda case: given({"rules": [*case.inputs["rules"], case.inputs["rules"][0]]})(case),
        (
            _refused(
                _lifecycle(*[{**_WHOLE, "Expiration": {"Days": 1}}] * 2),
                "InvalidArgument",
                "Rule ID must be unique. Found same ID for more than one rule",
                _QUOTED,
            ),
        ),
    ),
    Rule(
        "s3-lifecycle-filter",
        LIFECYCLE,
        "A rule has a filter: without filter and prefix, the provider sees a difference at every update.",
        "hashicorp/terraform-provider-aws internal/service/s3/bucket_lifecycle_configuration.go",
        each("rules", lambda rule: "filter" in rule or "prefix" in rule),
        given({"rules.0": {"id": "all", "status": "Enabled", "expiration": {"days": 1}}}),
    ),
    Rule(
        "s3-lifecycle-order",
        LIFECYCLE,
        "A lifecycle with rules for old versions is created after versioning.",
        "https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketlifecycleconfiguration/",
        lambda case: waits_for(case, VERSIONING, "bucket", case.inputs["bucket"]),
        unordered,
    ),
    Rule(
        "s3-key",
        ENCRYPTION,
        "A key and a bucket key require KMS encryption.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html",
        each("rules", _key_is_of_kms),
        given({"rules.0.applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256", "kmsMasterKeyId": "key"}}),
        (
            RefusedCall(
                "s3.PutBucketEncryption",
                {
                    "Bucket": "audit-rules",
                    "ServerSideEncryptionConfiguration": {
                        "Rules": [
                            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "key"}}
                        ]
                    },
                },
                "InvalidArgument",
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
                _RECORDED,
                (BUCKET_MADE,),
            ),
        ),
    ),
    Rule(
        "s3-policy-whole",
        POLICY,
        "A bucket policy is a JSON object with statements, each with a principal.",
        _RECORDED,
        lambda case: (
            bool(statements(case.inputs["policy"]))
            and all({"Principal", "Effect"} <= one.keys() for one in statements(case.inputs["policy"]))
        ),
        given({"policy": "[]"}),
        (
            RefusedCall(
                "s3.PutBucketPolicy",
                {"Bucket": "audit-rules", "Policy": "not JSON"},
                "MalformedPolicy",
                "Policies must be valid JSON and the first byte must be '{'",
                before=(BUCKET_MADE,),
            ),
            RefusedCall(
                "s3.PutBucketPolicy",
                {"Bucket": "audit-rules", "Policy": "{}"},
                "MalformedPolicy",
                "Missing required field Statement",
                before=(BUCKET_MADE,),
            ),
        ),
    ),
    Rule(
        "s3-policy-within",
        POLICY,
        "A bucket policy names only that bucket.",
        f"{_GUIDE}example-bucket-policies.html",
        _is_within,
        statement("policy", Resource=["arn:aws:s3:::another"]),
        (
            RefusedCall(
                "s3.PutBucketPolicy",
                {
                    "Bucket": "audit-rules",
                    "Policy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
                    '"Action": "s3:*", "Resource": "arn:aws:s3:::another"}]}',
                },
                "MalformedPolicy",
                "Policy has invalid resource",
                "https://repost.aws/knowledge-center/s3-invalid-resource-error",
                (BUCKET_MADE,),
            ),
        ),
    ),
    Rule(
        "s3-policy-objects",
        POLICY,
        "Object actions apply to object resources, not to the bucket.",
        f"{_PREFLIGHT}pf-s3-bucket-policy-action-resource",
        _objects_are_objects,
        lambda case: statement("policy", Action=["s3:GetObject"], Resource=[f"arn:aws:s3:::{case.inputs['bucket']}"])(
            case
        ),
        (
            RefusedCall(
                "s3.PutBucketPolicy",
                {
                    "Bucket": "audit-rules",
                    "Policy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
                    '"Action": "s3:GetObject", "Resource": "arn:aws:s3:::audit-rules"}]}',
                },
                "MalformedPolicy",
                "Action does not apply to any resource(s) in statement",
                before=(BUCKET_MADE,),
            ),
        ),
    ),
    Rule(
        "s3-policy-private",
        POLICY,
        "A bucket that blocks public policies has no public policy.",
        f"{_PREFLIGHT}pf-s3-policy-public-with-block-public-policy",
        _is_not_public,
        given({"policy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}'}),
    ),
    Rule(
        "s3-policy-order",
        POLICY,
        "A bucket policy is created after the public access block: S3 refuses concurrent changes of both.",
        "https://github.com/hashicorp/terraform-provider-aws/issues/7628",
        lambda case: waits_for(case, BLOCK, "bucket", case.inputs["bucket"]),
        unordered,
    ),
    Rule(
        "s3-logs-taken",
        LOGGING,
        "A bucket of access logs allows S3 to write, and uses S3's own key.",
        f"{_GUIDE}enable-server-access-logging.html",
        _log_bucket_takes_logs,
        beside(POLICY, {"policy": '{"Statement": []}'}),
    ),
    Rule(
        "s3-logs-elsewhere",
        LOGGING,
        "A bucket's access logs go to another bucket: otherwise each log creates another.",
        f"{_GUIDE}ServerLogs.html",
        lambda case: case.inputs["bucket"] != case.inputs["targetBucket"],
        lambda case: given({"targetBucket": case.inputs["bucket"]})(case),
    ),
)
