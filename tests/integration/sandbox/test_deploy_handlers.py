"""Each handler, given inputs as the SDK sends them, has the same effect in the sandbox as the provider."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from sandbox.deploy.api import ServiceClients
from sandbox.deploy.mocks import Creator
from sandbox.errors import SandboxError
from sandbox.state import client
from tests.conftest import SandboxServer
from tests.integration.sandbox.provider.calls import trusting

TRUST = trusting("lambda", "firehose")
Create = Callable[..., dict[str, Any]]


@pytest.fixture
def create(sandbox_server: SandboxServer) -> Create:
    """Create a resource of a type from its inputs; return its state with its id."""
    creator = Creator(ServiceClients(sandbox_server.endpoint_url), {}, lambda _: None)

    def new(type_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        id_, state = creator.new_resource(MockResourceArgs(typ=type_, name="it", inputs=dict(inputs), custom=True))
        return {"id": id_, **state}

    return new


@pytest.fixture
def aws(sandbox_server: SandboxServer) -> Callable[[str], Any]:
    return lambda service: client(service, sandbox_server.endpoint_url)


def unique() -> str:
    return f"deploy-{uuid4().hex[:8]}"


def test_a_table_with_indexes_capacity_and_time_to_live(create: Create, aws: Callable[[str], Any]) -> None:
    state = create(
        "aws:dynamodb/table:Table",
        {
            "name": unique(),
            "hashKey": "a",
            "rangeKey": "b",
            "attributes": [{"name": "a", "type": "S"}, {"name": "b", "type": "N"}, {"name": "c", "type": "S"}],
            "readCapacity": 5.0,
            "writeCapacity": 6.0,
            "globalSecondaryIndexes": [
                {
                    "name": "by-c",
                    "hashKey": "c",
                    "projectionType": "INCLUDE",
                    "nonKeyAttributes": ["d"],
                    "readCapacity": 1.0,
                    "writeCapacity": 2.0,
                }
            ],
            "localSecondaryIndexes": [{"name": "local", "rangeKey": "c", "projectionType": "ALL"}],
            "ttl": {"enabled": True, "attributeName": "expires"},
            "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7.0},
        },
    )
    dynamodb = aws("dynamodb")
    table = dynamodb.describe_table(TableName=state["name"])["Table"]
    assert table["TableArn"] == state["arn"]
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["a", "b"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["KeySchema"] == [{"AttributeName": "c", "KeyType": "HASH"}]
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["d"]}
    (local,) = table["LocalSecondaryIndexes"]
    assert [key["AttributeName"] for key in local["KeySchema"]] == ["a", "c"]
    assert "streamArn" not in state
    ttl = dynamodb.describe_time_to_live(TableName=state["name"])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = dynamodb.describe_continuous_backups(TableName=state["name"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 7


def test_an_index_is_read_to_the_last_input_too(create: Create) -> None:
    index = {"name": "by-a", "hashKey": "a", "projectionType": "ALL", "warmThroughput": {"readUnitsPerSecond": 1}}
    inputs = {
        "name": unique(),
        "hashKey": "a",
        "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": "a", "type": "S"}],
        "globalSecondaryIndexes": [index],
    }
    with pytest.raises(SandboxError, match=r"does not support globalSecondaryIndexes\[0\]\.warmThroughput"):
        create("aws:dynamodb/table:Table", inputs)


def test_a_table_writes_to_its_own_kinesis_stream(create: Create, aws: Callable[[str], Any]) -> None:
    attributes = [{"name": "a", "type": "S"}]
    inputs = {"name": unique(), "hashKey": "a", "billingMode": "PAY_PER_REQUEST", "attributes": attributes}
    table = create("aws:dynamodb/table:Table", inputs)
    stream = create("aws:kinesis/stream:Stream", {"name": unique(), "shardCount": 1.0})
    precise = {"approximateCreationDateTimePrecision": "MICROSECOND"}
    state = create(
        "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
        {"tableName": table["name"], "streamArn": stream["arn"], **precise},
    )
    assert state["id"] == f"{table['name']},{stream['arn']}"
    found = aws("dynamodb").describe_kinesis_streaming_destination(TableName=table["name"])
    (destination,) = found["KinesisDataStreamDestinations"]
    assert (destination["StreamArn"], destination["DestinationStatus"]) == (stream["arn"], "ACTIVE")
    assert destination["ApproximateCreationDateTimePrecision"] == "MICROSECOND"


def test_contributor_insights_of_a_table(create: Create, aws: Callable[[str], Any]) -> None:
    keys = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}
    table = create("aws:dynamodb/table:Table", {"name": unique(), **keys})["name"]
    given = {"tableName": table, "mode": "THROTTLED_KEYS"}
    state = create("aws:dynamodb/contributorInsights:ContributorInsights", given)
    assert state["id"] == f"name:{table}/index:/123456789012"
    found = aws("dynamodb").describe_contributor_insights(TableName=table)
    assert (found["ContributorInsightsStatus"], found["ContributorInsightsMode"]) == ("ENABLED", "THROTTLED_KEYS")


def test_a_provisioned_stream_with_enhanced_monitoring(create: Create, aws: Callable[[str], Any]) -> None:
    state = create(
        "aws:kinesis/stream:Stream",
        {"name": unique(), "shardCount": 3.0, "retentionPeriod": 48.0, "shardLevelMetrics": ["IncomingBytes"]},
    )
    summary = aws("kinesis").describe_stream_summary(StreamName=state["name"])["StreamDescriptionSummary"]
    assert summary["StreamARN"] == state["arn"] == state["id"]
    assert summary["OpenShardCount"] == 3
    assert summary["RetentionPeriodHours"] == 48
    assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]


def test_a_delivery_stream_with_partitioning_and_backup(create: Create, aws: Callable[[str], Any]) -> None:
    role = create("aws:iam/role:Role", {"assumeRolePolicy": TRUST, "name": unique()})
    place = {"roleArn": role["arn"], "bucketArn": "arn:aws:s3:::b"}
    state = create(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        {
            "name": unique(),
            "destination": "extended_s3",
            "extendedS3Configuration": {
                **place,
                "bufferingSize": 64.0,
                "dynamicPartitioningConfiguration": {"enabled": True, "retryDuration": 30.0},
                "s3BackupMode": "Enabled",
                "s3BackupConfiguration": {**place, "prefix": "source/", "bufferingInterval": 90.0},
                "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k",
            },
        },
    )
    described = aws("firehose").describe_delivery_stream(DeliveryStreamName=state["name"])["DeliveryStreamDescription"]
    assert (described["DeliveryStreamARN"], described["DeliveryStreamType"]) == (state["arn"], "DirectPut")
    (destination,) = described["Destinations"]
    assert destination["DestinationId"] == state["destinationId"]
    s3 = destination["ExtendedS3DestinationDescription"]
    assert s3["BufferingHints"]["SizeInMBs"] == 64
    assert s3["DynamicPartitioningConfiguration"] == {"Enabled": True, "RetryOptions": {"DurationInSeconds": 30}}
    assert s3["S3BackupMode"] == "Enabled"
    assert s3["EncryptionConfiguration"]["KMSEncryptionConfig"]["AWSKMSKeyARN"].endswith("key/k")


def test_another_destination_is_refused(create: Create) -> None:
    with pytest.raises(SandboxError, match="delivers to extended_s3 only"):
        create("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", {"destination": "splunk"})


def test_a_bucket_s_name_is_generated_in_lower_case_and_its_rules_keep_their_filters(
    create: Create, aws: Callable[[str], Any]
) -> None:
    bucket = create("aws:s3/bucket:Bucket", {"tags": {"a": "b"}, "forceDestroy": True})
    assert bucket["bucket"] == bucket["id"] == bucket["arn"].rpartition(":")[2]
    create(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {
            "bucket": bucket["bucket"],
            "rules": [
                {
                    "id": "old",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "x/", "tags": {"k": "v"}, "objectSizeGreaterThan": 10.0}},
                    "transitions": [{"days": 30.0, "storageClass": "GLACIER"}],
                }
            ],
        },
    )
    create(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": bucket["bucket"], "versioningConfiguration": {"status": "Disabled"}},
    )
    s3 = aws("s3")
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket["bucket"])["Rules"]
    assert rule["Filter"]["And"]["Tags"] == [{"Key": "k", "Value": "v"}]
    assert rule["Transitions"] == [{"Days": 30, "StorageClass": "GLACIER"}]
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket["bucket"])
    assert s3.get_bucket_tagging(Bucket=bucket["bucket"])["TagSet"] == [{"Key": "a", "Value": "b"}]


def test_a_name_that_is_taken_says_that_the_sandbox_must_be_empty(create: Create) -> None:
    name = unique()
    create("aws:s3/bucket:Bucket", {"bucket": name})
    with pytest.raises(SandboxError, match=r"BucketAlreadyOwnedByYou.*run `python -m sandbox down --forget` before"):
        create("aws:s3/bucket:Bucket", {"bucket": name})


def test_a_function_s_code_is_a_zip_a_directory_or_assets(
    create: Create, aws: Callable[[str], Any], tmp_path: Path
) -> None:
    role = create("aws:iam/role:Role", {"assumeRolePolicy": TRUST, "name": unique()})
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("def handler(event, context): ...")
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("main.py", "def handler(event, context): ...")
    assets = pulumi.AssetArchive(
        {"lib": pulumi.FileArchive(str(tmp_path / "code")), "main.py": pulumi.StringAsset("x = 1")}
    )
    archives = [pulumi.FileArchive(str(tmp_path / "code.zip")), pulumi.FileArchive(str(tmp_path / "code")), assets]
    sizes: list[int] = []
    for archive in archives:
        inputs = {"name": unique(), "role": role["arn"], "handler": "main.handler", "runtime": "python3.13"}
        state = create("aws:lambda/function:Function", inputs | {"code": archive, "timeout": 9.0})
        described = aws("lambda").get_function(FunctionName=state["name"])["Configuration"]
        assert (described["FunctionArn"], described["CodeSha256"]) == (state["arn"], state["codeSha256"])
        assert (described["Timeout"], described["Version"]) == (9, state["version"])
        sizes.append(described["CodeSize"])
    assert sizes[0] == (tmp_path / "code.zip").stat().st_size
    assert min(sizes) > 0


def test_code_that_is_not_there_is_one_sentence(create: Create, tmp_path: Path) -> None:
    code = pulumi.FileArchive(str(tmp_path / "missing"))
    with pytest.raises(SandboxError, match="which is not a directory on this machine: build it first"):
        create("aws:lambda/function:Function", {"name": unique(), "role": "r", "code": code})


def test_the_zip_of_a_directory_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    from sandbox.deploy.handlers.lambda_ import zip_of

    for name in ("b.py", "a.py"):
        (tmp_path / name).write_text(name)
    first, again = (zip_of(pulumi.FileArchive(str(tmp_path))) for _ in range(2))
    assert first == again
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["a.py", "b.py"]


def test_an_alarm_on_an_expression(create: Create, aws: Callable[[str], Any]) -> None:
    metric = {"namespace": "AWS/SQS", "metricName": "Age", "stat": "Sum", "period": 60.0, "dimensions": {"Queue": "q"}}
    state = create(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "name": unique(),
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2.0,
            "threshold": 1.5,
            "metricQueries": [
                {"id": "e", "expression": "m * 2", "returnData": True},
                {"id": "m", "metric": metric},
            ],
        },
    )
    (alarm,) = aws("cloudwatch").describe_alarms(AlarmNames=[state["name"]])["MetricAlarms"]
    assert (alarm["AlarmArn"], alarm["Threshold"]) == (state["arn"], 1.5)
    stat = alarm["Metrics"][1]["MetricStat"]
    assert stat["Metric"]["Dimensions"] == [{"Name": "Queue", "Value": "q"}]
    assert (stat["Period"], stat["Stat"]) == (60, "Sum")


def test_queues_and_topics_take_their_numbers_and_flags_as_text(create: Create, aws: Callable[[str], Any]) -> None:
    dead = create("aws:sqs/queue:Queue", {"name": unique()})
    redrive = json.dumps({"deadLetterTargetArn": dead["arn"], "maxReceiveCount": 3})
    queue = create(
        "aws:sqs/queue:Queue", {"name": unique(), "visibilityTimeoutSeconds": 45.0, "redrivePolicy": redrive}
    )
    attributes = aws("sqs").get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["All"])["Attributes"]
    assert attributes["QueueArn"] == queue["arn"]
    assert attributes["VisibilityTimeout"] == "45"
    fifo = create("aws:sqs/queue:Queue", {"fifoQueue": True, "contentBasedDeduplication": True})
    assert fifo["name"].endswith(".fifo")
    topic = create("aws:sns/topic:Topic", {"fifoTopic": True, "displayName": "d"})
    assert aws("sns").get_topic_attributes(TopicArn=topic["arn"])["Attributes"]["FifoTopic"] == "true"


def test_a_role_s_policies_inline_and_attached(create: Create, aws: Callable[[str], Any]) -> None:
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
    )
    role = create(
        "aws:iam/role:Role",
        {
            "name": unique(),
            "assumeRolePolicy": json.loads(TRUST),
            "inlinePolicies": [{"name": "one", "policy": policy}],
            "maxSessionDuration": 7200.0,
        },
    )
    id_ = create("aws:iam/rolePolicy:RolePolicy", {"name": "two", "role": role["name"], "policy": policy})["id"]
    assert id_ == f"{role['name']}:two"
    iam = aws("iam")
    assert iam.get_role(RoleName=role["name"])["Role"]["MaxSessionDuration"] == 7200
    assert sorted(iam.list_role_policies(RoleName=role["name"])["PolicyNames"]) == ["one", "two"]


def test_a_policy_that_is_not_json_is_refused(create: Create) -> None:
    with pytest.raises(SandboxError, match="assumeRolePolicy must be a policy document in JSON"):
        create("aws:iam/role:Role", {"assumeRolePolicy": "{", "name": unique()})


def test_a_key_its_rotation_and_its_alias(create: Create, aws: Callable[[str], Any]) -> None:
    key = create("aws:kms/key:Key", {"enableKeyRotation": True, "deletionWindowInDays": 7.0, "description": "d"})
    name = unique()
    alias = create("aws:kms/alias:Alias", {"name": f"alias/{name}", "targetKeyId": key["keyId"]})
    assert alias["targetKeyArn"] == key["arn"]
    kms = aws("kms")
    assert kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["Arn"] == key["arn"]
    assert kms.get_key_rotation_status(KeyId=key["keyId"])["KeyRotationEnabled"] is True


def test_a_crawler_of_the_catalogue_and_a_table_with_an_index(create: Create, aws: Callable[[str], Any]) -> None:
    database = create("aws:glue/catalogDatabase:CatalogDatabase", {"name": unique().replace("-", "_")})
    assert database["id"] == f"123456789012:{database['name']}"
    table = create(
        "aws:glue/catalogTable:CatalogTable",
        {
            "databaseName": database["name"],
            "name": "t",
            "partitionKeys": [{"name": "hour", "type": "string"}],
            "storageDescriptor": {
                "columns": [{"name": "c", "type": "decimal(18,2)", "parameters": {"k": "v"}}],
                "serDeInfo": {"serializationLibrary": "lib", "parameters": {"serialization.format": "1"}},
                "numberOfBuckets": 2.0,
            },
        },
    )
    crawler = create(
        "aws:glue/crawler:Crawler",
        {
            "name": unique(),
            "databaseName": database["name"],
            "role": "r",
            "catalogTargets": [{"databaseName": database["name"], "tables": [table["name"]]}],
        },
    )
    glue = aws("glue")
    descriptor = glue.get_table(DatabaseName=database["name"], Name="t")["Table"]["StorageDescriptor"]
    assert descriptor["Columns"] == [{"Name": "c", "Type": "decimal(18,2)", "Parameters": {"k": "v"}}]
    assert descriptor["SerdeInfo"]["SerializationLibrary"] == "lib"
    assert descriptor["NumberOfBuckets"] == 2
    targets = glue.get_crawler(Name=crawler["name"])["Crawler"]["Targets"]
    assert targets["CatalogTargets"] == [{"DatabaseName": database["name"], "Tables": ["t"]}]
