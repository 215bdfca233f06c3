from __future__ import annotations

import json
from typing import Any

from pulumi._types import input_type_py_to_pulumi_names

from components.bucket import OWNED_BESIDE
from components.explain.graph import Graph, Resource
from components.settings import Settings
from tests.unit.components.provider import args_of, class_of
from tests.unit.components.running import Record

BUCKET = "aws:s3/bucket:Bucket"
OF_ITS_OWN = {
    "aws:s3/bucketNotification:BucketNotification": "no property of a bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "no property of a bucket",
}
"""Resources beside a bucket that are not read back into it."""


def side(program: Graph, type_: str, bucket: Resource) -> Any:
    """Return the inputs of a bucket's only side resource of a type."""
    (found,) = [
        resource.inputs
        for resource in program.of(f"aws:s3/{type_}")
        if resource.inputs["bucket"] == bucket.inputs["bucket"]
    ]
    return found


def buckets(program: Graph) -> dict[str, Resource]:
    return {bucket.name: bucket for bucket in program.of("aws:s3/bucket:Bucket")}


def test_there_are_a_lake_and_its_access_logs(program: Graph) -> None:
    assert set(buckets(program)) == {"lake", "lake-logs"}


def test_no_bucket_is_public(program: Graph) -> None:
    for bucket in buckets(program).values():
        block = side(program, "bucketPublicAccessBlock:BucketPublicAccessBlock", bucket)
        assert {name: flag for name, flag in block.items() if name != "bucket"} == dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
        )
        rule = side(program, "bucketOwnershipControls:BucketOwnershipControls", bucket)["rule"]
        assert rule == {"objectOwnership": "BucketOwnerEnforced"}


def test_every_bucket_refuses_plain_http(program: Graph) -> None:
    for bucket in buckets(program).values():
        denial = json.loads(side(program, "bucketPolicy:BucketPolicy", bucket)["policy"])["Statement"][0]
        arn = bucket.state["arn"]
        assert (denial["Effect"], denial["Principal"], denial["Action"]) == ("Deny", "*", ["s3:*"])
        assert denial["Resource"] == [arn, f"{arn}/*"]
        assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_policy_waits_until_its_bucket_is_closed(program: Graph) -> None:
    for policy in program.of("aws:s3/bucketPolicy:BucketPolicy"):
        assert any("bucketPublicAccessBlock" in urn for urn in policy.depends_on)


def test_every_bucket_is_versioned_and_encrypted(program: Graph, settings: Settings) -> None:
    for name, bucket in buckets(program).items():
        assert side(program, "bucketVersioning:BucketVersioning", bucket)["versioningConfiguration"] == {
            "status": "Enabled"
        }
        (rule,) = side(
            program, "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", bucket
        )["rules"]
        default = rule["applyServerSideEncryptionByDefault"]
        if settings.customer_managed_keys and name == "lake":
            assert default == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": program.one("aws:kms/key:Key").state["arn"]}
            assert rule["bucketKeyEnabled"]
        else:
            assert default == {"sseAlgorithm": "AES256"}


def test_what_is_asked_of_the_lake_is_logged_beside_it(program: Graph) -> None:
    logging = program.one("aws:s3/bucketLogging:BucketLogging").inputs
    names = {name: bucket.inputs["bucket"] for name, bucket in buckets(program).items()}
    assert logging == {"bucket": names["lake"], "targetBucket": names["lake-logs"], "targetPrefix": "access/"}
    statements = json.loads(side(program, "bucketPolicy:BucketPolicy", buckets(program)["lake-logs"])["policy"])[
        "Statement"
    ]
    assert statements[1] == {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{names['lake-logs']}/access/*"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{names['lake']}"},
        },
    }


def test_what_is_no_longer_needed_expires(program: Graph, settings: Settings) -> None:
    def days(bucket: str) -> dict[str, int]:
        rules = side(program, "bucketLifecycleConfiguration:BucketLifecycleConfiguration", buckets(program)[bucket])[
            "rules"
        ]
        assert all(rule["status"] == "Enabled" for rule in rules)
        (tidy,) = [rule for rule in rules if rule["id"] == "tidy"]
        assert tidy["expiration"] == {"expiredObjectDeleteMarker": True}
        assert tidy["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
        assert tidy["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 3}
        return {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules if rule["id"] != "tidy"}

    kept = settings.lake_retention_days
    rows = {"order_changes/": kept, "errors/": kept} if kept else {}
    assert days("lake") == rows | {"query-results/": settings.query_result_days}
    assert days("lake-logs") == {"access/": settings.log_retention_days}


def test_a_bucket_leaves_alone_what_the_resources_beside_it_set(program: Graph) -> None:
    """After a refresh the bucket's next update would remove it: https://github.com/pulumi/pulumi-aws/issues/6244.

    The names are compared with pulumi-aws's own, so that each protects something.
    """
    beside = {
        resource.type: resource
        for resource in program.resources
        if resource.type.startswith("aws:s3/bucket") and resource.type not in {BUCKET, *OF_ITS_OWN}
    }
    assert set(beside) <= set(OWNED_BESIDE)
    for bucket in buckets(program).values():
        assert set(bucket.ignore_changes) == set(OWNED_BESIDE.values())
        assert set(bucket.ignore_changes).isdisjoint(bucket.inputs)
    names = input_type_py_to_pulumi_names(args_of(BUCKET)).values()
    assert set(OWNED_BESIDE.values()) <= set(names)
    assert all(class_of(type_) for type_ in OWNED_BESIDE)


def test_what_a_bucket_takes_from_elsewhere_or_keeps_is_all_that_it_has() -> None:
    """The bucket sets or ignores every property that pulumi-aws adds to it."""
    names = set(input_type_py_to_pulumi_names(args_of(BUCKET)).values())
    own = {"bucket", "bucketNamespace", "bucketPrefix", "forceDestroy", "objectLockEnabled", "region", "tags"}
    assert names == own | set(OWNED_BESIDE.values())


def test_what_did_not_become_a_row_is_noted_in_a_queue_by_way_of_eventbridge(record: Record) -> None:
    """S3 sends a queue a test message (s3:TestEvent), which raises an alarm at each first deployment.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html To EventBridge it sends
    only events: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html.
    """
    prod = record("prod")
    (queue,) = [queue for queue in prod.of("aws:sqs/queue:Queue") if queue.name == "lake-errors"]
    (rule,) = prod.of("aws:cloudwatch/eventRule:EventRule")
    (target,) = prod.of("aws:cloudwatch/eventTarget:EventTarget")
    lake = buckets(prod)["lake"]
    notification = prod.one("aws:s3/bucketNotification:BucketNotification")
    assert notification.inputs == {"bucket": lake.inputs["bucket"], "eventbridge": True}
    assert target.urn in notification.depends_on
    assert "eventBusName" not in rule.inputs
    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [lake.inputs["bucket"]]}, "object": {"key": [{"prefix": "errors/"}]}},
    }
    assert (target.inputs["rule"], target.inputs["arn"]) == (rule.inputs["name"], queue.state["arn"])
    (policy,) = [policy for policy in prod.of("aws:sqs/queuePolicy:QueuePolicy") if policy.name == "lake-errors"]
    assert policy.urn in target.depends_on
    refuse, allow = json.loads(policy.inputs["policy"])["Statement"]
    assert refuse["Effect"] == "Deny"
    by_the_rule = {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": f"arn:aws:events:eu-west-1:123456789012:rule/{rule.inputs['name']}"},
    }
    assert (allow["Principal"], allow["Action"]) == ({"Service": "events.amazonaws.com"}, ["sqs:SendMessage"])
    assert allow["Condition"] == by_the_rule
    (key,) = [
        statement
        for statement in json.loads(prod.one("aws:kms/key:Key").inputs["policy"])["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert (key["Action"], key["Condition"]) == (["kms:Decrypt", "kms:GenerateDataKey"], by_the_rule)


def test_a_disposable_stack_can_be_destroyed_to_the_last_object(program: Graph, settings: Settings) -> None:
    for bucket in buckets(program).values():
        assert bucket.inputs["forceDestroy"] == settings.force_destroy
        assert bucket.protect == settings.protect
