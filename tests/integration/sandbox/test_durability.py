"""A server that is killed at any time has everything that it acknowledged after its restart."""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.journal.frames import framed
from sandbox.processes import is_healthy
from sandbox.state import StateDir, client, session
from tests.conftest import free_port
from tests.forked import ForkedProcess
from tests.integration.sandbox.kept_alarm import alarm_with_history, raised_alarm

TABLE, PLAIN, STREAM, BUCKET, QUEUE = "kept-orders", "kept-plain", "kept-stream", "kept-bucket", "kept-queue"
KILLS = 2


class Server:
    """A server that can be killed and restarted, at the same address."""

    def __init__(self, directory: Path) -> None:
        self.state = StateDir(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: ForkedProcess | None = None

    def start(self, *options: str) -> None:
        arguments = ["--port", str(self.port), *options, "--state-dir", str(self.state.path)]
        self._process = ForkedProcess(
            "tests.integration.sandbox.durable_server", arguments, self.state.logs / "server.log"
        )
        deadline = time.monotonic() + 60
        while not is_healthy(self.port):
            log_text = (self.state.logs / "server.log").read_text()
            assert self._process.poll() is None, log_text
            assert time.monotonic() < deadline, log_text
            time.sleep(0.02)

    def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(30)

    def snapshots(self) -> list[Path]:
        return list((self.state.path / "journal").glob("*.snapshot"))

    def recovered(self) -> dict[str, Any]:
        return self.state.read_json(self.state.status / "server.json") or {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("durable"))
    started.start()
    yield started
    started.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def resources(server: Server) -> dict[str, str]:
    """The resources that the tests write to: names and ARNs."""
    tables = client("dynamodb", server.url)
    described = tables.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in (("pk", "S"), ("sk", "N"))
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    tables.create_table(
        TableName=PLAIN,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "B"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("kinesis", server.url).create_stream(StreamName=STREAM, ShardCount=2)
    client("s3", server.url).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    queue = client("sqs", server.url).create_queue(QueueName=QUEUE)["QueueUrl"]
    return {"stream": described["LatestStreamArn"], "queue": queue}


@dataclass
class Ledger:
    """The acknowledged writes, and the sent ones with an unknown result."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    records: list[str] = field(default_factory=list[str])
    puts: dict[str, str] = field(default_factory=dict[str, str])
    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    messages: set[str] = field(default_factory=set[str])
    unsure: set[str] = field(default_factory=set[str])


def once(service: str, url: str) -> Any:
    """Return a client that sends each request once, so that requests without a response are known."""
    options = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={})
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    return session().client(service, endpoint_url=url, region_name="eu-west-1", config=options, **keys)


class Load:
    """Run a writer of each kind in a thread, until the server is gone. `acknowledged` counts their writes."""

    def __init__(self, server: Server, ledger: Ledger, queue: str, numbers: Iterator[int]) -> None:
        self._server = server
        self._ledger = ledger
        self._queue = queue
        self._numbers = numbers
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.acknowledged = 0
        writers = [
            ("dynamodb", self.put_item),
            ("dynamodb", self.put_batch),
            ("kinesis", self.put_record),
            ("s3", self.put_object),
            ("sqs", self.send_message),
        ]
        self._threads = [threading.Thread(target=self._repeat, args=writer) for writer in writers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, service: str, write: Callable[[Any, str], None]) -> None:
        caller = once(service, self._server.url)
        while not self._stopped.is_set():
            with self._lock:
                name = f"n{next(self._numbers)}"
                self._ledger.unsure.add(name)
            try:
                write(caller, name)
            except (BotoCoreError, ClientError):
                return
            with self._lock:
                self._ledger.unsure.discard(name)
                self.acknowledged += 1

    def put_item(self, caller: Any, name: str) -> None:
        item = {"pk": {"S": f"é{name[-1]}"}, "sk": {"N": name[1:]}, "name": {"S": name}, "text": {"S": "x" * 300}}
        caller.put_item(TableName=TABLE, Item=item)
        self._ledger.items[name] = item
        self._ledger.records.append(name)

    def put_batch(self, caller: Any, name: str) -> None:
        items = [{"pk": {"B": f"{name}-{part}".encode()}} for part in range(3)]
        caller.batch_write_item(RequestItems={PLAIN: [{"PutRequest": {"Item": item}} for item in items]})
        self._ledger.items.update({f"{name}-{part}": item for part, item in enumerate(items)})

    def put_record(self, caller: Any, name: str) -> None:
        answer = caller.put_record(StreamName=STREAM, PartitionKey=name, Data=name.encode())
        self._ledger.puts[name] = answer["ShardId"] + answer["SequenceNumber"]

    def put_object(self, caller: Any, name: str) -> None:
        body = name.encode() * 200
        caller.put_object(Bucket=BUCKET, Key=f"a/{name}", Body=body)
        self._ledger.objects[name] = body

    def send_message(self, caller: Any, name: str) -> None:
        caller.send_message(QueueUrl=self._queue, MessageBody=name)
        self._ledger.messages.add(name)


def stream_records(url: str, arn: str) -> list[dict[str, Any]]:
    streams = client("dynamodbstreams", url)
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    found: list[dict[str, Any]] = []
    while page := (answer := streams.get_records(ShardIterator=iterator))["Records"]:
        found += page
        iterator = answer["NextShardIterator"]
    return found


def kinesis_records(url: str) -> dict[str, str]:
    kinesis = client("kinesis", url)
    found: dict[str, str] = {}
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in kinesis.get_records(ShardIterator=iterator)["Records"]:
            found[record["Data"].decode()] = shard["ShardId"] + record["SequenceNumber"]
    return {name: place for name, place in found.items() if name[1:].isdecimal()}  # not another test's


def messages_in(url: str, queue: str) -> list[str]:
    sqs = once("sqs", url)  # A repeated call would hide the messages of the first.
    found: list[str] = []
    asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600}
    while page := sqs.receive_message(**asked).get("Messages"):
        found += [message["Body"] for message in page]
    return found


def test_all_that_was_acknowledged_under_load_is_there_after_each_kill(
    server: Server, resources: dict[str, str]
) -> None:
    ledger, numbers, chance = Ledger(), iter(range(10**6)), random.Random(1)
    for kill in range(KILLS):
        with Load(server, ledger, resources["queue"], numbers) as load:
            until, deadline = chance.randint(40, 120), time.monotonic() + 60
            while (load.acknowledged < until or not server.snapshots()) and time.monotonic() < deadline:
                time.sleep(0.005)
            assert load.acknowledged >= until
            assert server.snapshots()
            server.end(signal.SIGKILL)
        server.start()

        records = stream_records(server.url, resources["stream"])
        # Other tests of this server write to the table, too, items without a name.
        images = [record["dynamodb"]["NewImage"] for record in records]
        recorded = [image["name"]["S"] for image in images if "name" in image]
        assert [name for name in recorded if name not in ledger.unsure] == ledger.records
        numbers_ = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
        assert numbers_ == list(range(numbers_[0], numbers_[0] + len(records)))
        tables = client("dynamodb", server.url)
        pages = tables.get_paginator("scan").paginate(TableName=TABLE)
        items = [item for page in pages for item in page["Items"] if "name" in item]
        assert sorted(item["name"]["S"] for item in items) == sorted(recorded), "an item and its record are one"
        assert {item["name"]["S"]: item for item in items if item["name"]["S"] in ledger.items} == {
            name: item for name, item in ledger.items.items() if "sk" in item
        }
        plain = [item for page in tables.get_paginator("scan").paginate(TableName=PLAIN) for item in page["Items"]]
        kept = {name for item in plain if "-" in (name := item["pk"]["B"].decode())}
        assert {name for name in kept if name.partition("-")[0] not in ledger.unsure} == {
            name for name, item in ledger.items.items() if "sk" not in item
        }
        assert len(kept) % 3 == 0, "a batch is there whole or not at all"

        puts = kinesis_records(server.url)
        assert {name: place for name, place in puts.items() if name not in ledger.unsure} == ledger.puts
        s3 = client("s3", server.url)
        for name, body in ledger.objects.items():
            assert s3.get_object(Bucket=BUCKET, Key=f"a/{name}")["Body"].read() == body
        if kill == KILLS - 1:
            bodies = [body for body in messages_in(server.url, resources["queue"]) if body[1:].isdecimal()]
            sent = [body for body in bodies if body not in ledger.unsure]
            assert sorted(sent) == sorted(ledger.messages)
    assert server.recovered()["recovered_records"] >= len(ledger.records) + len(ledger.puts)


def zipped(source: str) -> bytes:
    """Return the zip of a function."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", source)
    return content.getvalue()


def test_what_was_begun_before_a_kill_goes_on_after_it(server: Server, resources: dict[str, str]) -> None:
    s3, sqs, kinesis = (client(service, server.url) for service in ("s3", "sqs", "kinesis"))
    logs, streams = client("logs", server.url), client("dynamodbstreams", server.url)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket=BUCKET, Key="version", Body=body, Metadata={"of": "us"}, Tagging="a=b")
    s3.delete_object(Bucket=BUCKET, Key="version")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 100)
    queue = sqs.create_queue(QueueName="kept-received")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="received")
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=600)["Messages"]
    logs.create_log_group(logGroupName="kept")
    logs.create_log_stream(logGroupName="kept", logStreamName="one")
    for text in ("first", "second"):
        event = {"timestamp": int(time.time() * 1000), "message": text}
        logs.put_log_events(logGroupName="kept", logStreamName="one", logEvents=[event])
    alarm = raised_alarm(client("cloudwatch", server.url))
    (shard, *_) = kinesis.list_shards(StreamName=STREAM)["Shards"]
    iterator = kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="LATEST")[
        "ShardIterator"
    ]
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix="version")
    increase: dict[str, Any] = {
        "TableName": PLAIN,
        "Key": {"pk": {"B": b"counted"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    transaction = {
        "TransactItems": [{"Update": increase}],
        "ClientRequestToken": "once",
        "ReturnConsumedCapacity": "TOTAL",
    }
    dynamodb = client("dynamodb", server.url)
    dynamodb.transact_write_items(**transaction)
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "last"}, "sk": {"N": "1"}})
    stream_end = stream_records(server.url, resources["stream"])[-1]["dynamodb"]["SequenceNumber"]
    described = streams.describe_stream(StreamArn=resources["stream"])["StreamDescription"]
    counted = {"pk": {"B": b"counted"}, "n": {"N": "1"}}
    dynamodb.put_item(TableName=PLAIN, Item={"pk": {"B": b"not kept"}})
    backup = dynamodb.create_backup(TableName=PLAIN, BackupName="kept-backup")["BackupDetails"]["BackupArn"]
    dynamodb.restore_table_from_backup(TargetTableName="kept-copy", BackupArn=backup)
    dynamodb.put_item(TableName="kept-copy", Item={"pk": {"B": b"added"}})
    dynamodb.delete_item(TableName="kept-copy", Key={"pk": {"B": b"not kept"}})
    dynamodb.delete_item(TableName=PLAIN, Key={"pk": {"B": b"not kept"}})
    copied = dynamodb.scan(TableName="kept-copy")["Items"]
    kms, functions = client("kms", server.url), client("lambda", server.url)
    kms_key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signature = kms.sign(KeyId=kms_key, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    role = client("iam", server.url).create_role(RoleName="kept", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    created = functions.create_function(
        FunctionName="kept",
        Role=role,
        Runtime="python3.13",
        Handler="handler.handle",
        Code={"ZipFile": zipped("def handle(event, context): return event")},
    )

    server.end(signal.SIGKILL)
    # Possible states after a power cut: a checkpoint on the disk before its record, and a correct one.
    shard_id = described["Shards"][0]["ShardId"]
    last = int(stream_end)
    checkpoints = {"ahead": (last + 3, last), "right": (last - 1, last - 1)}
    for name, (before, _) in checkpoints.items():
        path = server.state.checkpoints / f"{name}.json"
        server.state.write_json(path, {"identity": name, "shards": {shard_id: str(before), "other": "SHARD_END"}})
    server.start("--sync")

    for name, (_, after) in checkpoints.items():
        saved = server.state.read_json(server.state.checkpoints / f"{name}.json")
        assert saved == {"identity": name, "shards": {shard_id: str(after), "other": "SHARD_END"}}
    assert alarm_with_history(client("cloudwatch", server.url)) == alarm
    assert dynamodb.scan(TableName="kept-copy")["Items"] == copied
    plain = dynamodb.scan(TableName=PLAIN)["Items"]
    assert {"pk": {"B": b"not kept"}} not in plain, "a backup's items are not the table's"
    verified = kms.verify(KeyId=kms_key, Message=b"m", Signature=signature, SigningAlgorithm="ECDSA_SHA_256")
    assert verified["SignatureValid"]
    configuration = functions.get_function(FunctionName="kept")["Configuration"]
    assert configuration["CodeSha256"] == created["CodeSha256"]
    dynamodb.restore_table_from_backup(TargetTableName="kept-restored", BackupArn=backup)
    assert counted in dynamodb.scan(TableName="kept-restored")["Items"]
    again = s3.list_object_versions(Bucket=BUCKET, Prefix="version")
    assert again["Versions"] == versions["Versions"]
    assert again["DeleteMarkers"] == versions["DeleteMarkers"]
    first = s3.get_object(Bucket=BUCKET, Key="version", VersionId=versions["Versions"][-1]["VersionId"])
    assert (first["Body"].read(), first["Metadata"]) == (b"one", {"of": "us"})
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=BUCKET, Key="parts")["Body"].read() == b"p" * 100
    assert "Messages" not in sqs.receive_message(QueueUrl=queue), "it is still with who received it"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert dynamodb.transact_write_items(**transaction)["ConsumedCapacity"], "it is not done again"
    assert dynamodb.get_item(TableName=PLAIN, Key=increase["Key"])["Item"]["n"] == {"N": "1"}
    events = logs.get_log_events(logGroupName="kept", logStreamName="one")["events"]
    assert [event["message"] for event in events] == ["first", "second"]
    assert streams.describe_stream(StreamArn=resources["stream"])["StreamDescription"] == described
    put = kinesis.put_record(StreamName=STREAM, PartitionKey="k", Data=b"after", ExplicitHashKey="0")
    assert put["ShardId"] == shard["ShardId"]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert (record["Data"], record["SequenceNumber"]) == (b"after", put["SequenceNumber"])


def test_files_that_are_damaged_end_the_start_in_one_sentence(server: Server, tmp_path: Path) -> None:
    damaged = StateDir(tmp_path / "damaged")
    shutil.copytree(server.state.path / "services", damaged.path / "services")
    (damaged.path / "journal").mkdir()
    journal = damaged.path / "journal" / f"{0:020d}.journal"
    journal.write_bytes(b"no frame, and yet not the last file")
    (damaged.path / "journal" / f"{35:020d}.journal").write_bytes(framed(b"\xff"))

    command = [sys.executable, "-m", "sandbox.server", "--port", str(free_port()), "--state-dir", str(damaged.path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"the files in {damaged.path} cannot be read: DamagedError: {journal} is damaged at byte 0; "
        "`python -m sandbox down --forget` deletes them"
    )
    assert journal.exists()
