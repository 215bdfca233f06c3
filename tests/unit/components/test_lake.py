from __future__ import annotations

import json
from typing import Any

from components.explain.graph import Graph, Resource
from components.settings import Settings
from tests.unit.components.running import Record


def side(program: Graph, type_: str, bucket: Resource) -> Any:
    """The inputs of the one side resource of a type that a bucket has."""
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


def test_what_nobody_needs_any_more_goes_by_itself(program: Graph, settings: Settings) -> None:
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


def test_what_did_not_become_a_row_is_noted_in_a_queue(record: Record) -> None:
    prod = record("prod")
    (queue,) = [queue for queue in prod.of("aws:sqs/queue:Queue") if queue.name == "lake-errors"]
    notification = prod.one("aws:s3/bucketNotification:BucketNotification")
    lake = buckets(prod)["lake"]
    assert notification.inputs["bucket"] == lake.inputs["bucket"]
    assert notification.inputs["queues"] == [
        {"queueArn": queue.state["arn"], "events": ["s3:ObjectCreated:*"], "filterPrefix": "errors/"}
    ]
    (policy,) = [policy for policy in prod.of("aws:sqs/queuePolicy:QueuePolicy") if policy.name == "lake-errors"]
    assert policy.urn in notification.depends_on
    refuse, allow = json.loads(policy.inputs["policy"])["Statement"]
    assert refuse["Effect"] == "Deny"
    assert (allow["Principal"], allow["Action"]) == ({"Service": "s3.amazonaws.com"}, ["sqs:SendMessage"])
    assert allow["Condition"]["ArnLike"] == {"aws:SourceArn": lake.state["arn"]}
    key = json.loads(prod.one("aws:kms/key:Key").inputs["policy"])["Statement"]
    assert {"Service": "s3.amazonaws.com"} in [statement["Principal"] for statement in key]


def test_a_disposable_stack_can_be_destroyed_to_the_last_object(program: Graph, settings: Settings) -> None:
    for bucket in buckets(program).values():
        assert bucket.inputs["forceDestroy"] == settings.force_destroy
        assert bucket.protect == settings.protect
