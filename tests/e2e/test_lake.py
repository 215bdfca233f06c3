"""What the lake's commands do to a log, stopped anywhere. Each test has a separate log of the pipeline's table."""

from __future__ import annotations

import itertools
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from msgspec.structs import replace

from components import view
from lake import backfill
from lake.athena import Athena
from lake.backfill import Backfill
from lake.image_columns import literal
from lake.objects import versions
from lake.verification import Report
from lake.verify import verify
from stack import StackOutputs, UserError
from tests.e2e.orders import lives, order
from tests.e2e.pipeline import Finished, Pipeline, assert_refused, wait_for
from transform.schema import TABLE

_COPIED = ("StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
_logs = itertools.count()
ERRORS = "errors/"
"""Where Firehose puts what it cannot deliver."""


class Log:
    """An empty change log with its view, over the pipeline's table."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        outputs = pipeline.outputs
        self._glue, self._s3 = pipeline.client("glue"), pipeline.client("s3")
        self.database, self.bucket = outputs.require("database_name"), outputs.require("bucket_name")
        self.name = f"{TABLE.change_log}_{next(_logs)}"
        copied: Any = self._glue.get_table(DatabaseName=self.database, Name=TABLE.change_log)["Table"]
        place = f"s3://{self.bucket}/{self.name}/"
        given = {name: copied[name] for name in _COPIED}
        given["StorageDescriptor"] |= {"Location": place}
        given["Parameters"] |= {"storage.location.template": place + "arrival_hour=${arrival_hour}/"}
        self._glue.create_table(DatabaseName=self.database, TableInput={"Name": self.name, **given})
        sql = view.current_state(TABLE).sql.replace(f'"{TABLE.change_log}"', f'"{self.name}"')
        self.query(f"CREATE VIEW {self.name}_view AS {sql}")

    @property
    def outputs(self) -> StackOutputs:
        """The stack's outputs with this log and its view."""
        return replace(self._pipeline.outputs, change_log_name=self.name, view_name=f"{self.name}_view")

    def lake(self, command: str, *arguments: str) -> Finished:
        """A command of `python -m lake` on this log."""
        return self._pipeline.lake(command, *arguments, "--change-log", self.name)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """A query's rows."""
        return self._pipeline.rows(sql)

    def verified(self) -> Report:
        """Compare the table with the view."""
        with verify(self.outputs, settle_s=0, timeout_s=0) as verification:
            return verification.report

    def keys(self) -> list[str]:
        """The keys of the log's objects."""
        return self._keys(f"{self.name}/")

    def plant(self) -> tuple[str, str, str]:
        """Change a total, rename a key and add an attribute to an image in the log's objects; return their keys."""
        database: Any = import_module("duckdb").connect()
        changed, gone, image = (
            str(row["order_id"])
            for row in self.query(
                f"SELECT order_id FROM {self.name} WHERE total IS NOT NULL GROUP BY order_id ORDER BY order_id LIMIT 3"
            )
        )
        added = '{"planted":{"BOOL":true}'
        replaced = {
            "total": f"CASE WHEN order_id = {literal(changed)} THEN total + 1 ELSE total END",
            "after": f"CASE WHEN order_id = {literal(image)} THEN '{added},' || after[2:] ELSE after END",
            "order_id": f"CASE WHEN order_id = {literal(gone)} THEN 'planted' ELSE order_id END",
        }
        columns = ", ".join(f"{sql} AS {name}" for name, sql in replaced.items())
        with TemporaryDirectory() as directory:
            old, new = f"{directory}/old", f"{directory}/new"
            for key in self.keys():
                self._s3.download_file(self.bucket, key, old)
                database.execute(
                    f"COPY (SELECT * REPLACE ({columns}) FROM read_parquet('{old}')) TO '{new}' (FORMAT parquet)"
                )
                self._s3.upload_file(new, self.bucket, key)
        return changed, gone, image

    def clean(self) -> None:
        """Delete the states of backfills, finished or not, and what the test has put under the error prefix."""
        for key in (*self._keys(backfill.PREFIX), *self._keys(ERRORS)):
            self._s3.delete_object(Bucket=self.bucket, Key=key)

    def _keys(self, prefix: str) -> list[str]:
        page = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in page.get("Contents", [])]


@pytest.fixture
def log(pipeline: Pipeline) -> Iterator[Log]:
    """A change log of the test's own. What a test that fails leaves in the bucket concerns no other test."""
    log = Log(pipeline)
    yield log
    log.clean()


class StoppedError(Exception):
    """What stops a command in a test."""


class StoppingS3:
    """An S3 client that stops before its nth PutObject."""

    def __init__(self, client: Any, stop_before: int) -> None:
        self._client = client
        self._left = stop_before

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "put_object":
            self._left -= 1
            if not self._left:
                raise StoppedError
        return getattr(self._client, name)


def test_a_backfill_is_right_when_it_is_stopped_anywhere_and_run_twice(
    pipeline: Pipeline, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(lives(900_000, 40, seed=15))
    items, rows = log.verified().items, [0]
    make = backfill.client
    # After the first part's rows, after the second's, at the end.
    for stop_before in (6, 3, 0):

        def stopping(service: str, outputs: StackOutputs, stop_before: int = stop_before) -> Any:
            made = make(service, outputs)
            return StoppingS3(made, stop_before) if service == "s3" else made

        monkeypatch.setattr(backfill, "client", stopping)
        with pytest.raises(StoppedError) if stop_before else nullcontext():
            Backfill(log.outputs, "scan", chunk_items=items // 2 + 1).run()
        if stop_before:
            with pytest.raises(UserError, match=f"into s3://{log.bucket}/{log.name}/, not of"):
                Backfill(pipeline.outputs, "scan")
        report = log.verified()
        assert (report.extra, report.different, report.duplicates) == (0, 0, 0), "what is there is right"
        if report.rows != rows[-1]:
            rows.append(report.rows)
    assert report.ok
    assert rows == [0, items // 2 + 1, items]
    before = log.keys()
    assert "begins backfill scan-" in log.lake("backfill", "--scan", "--dry-run").out
    planned = json.loads(log.lake("verify", "--dry-run", "--json").out)
    page = pipeline.client("s3").list_objects_v2(Bucket=log.bucket, Prefix=f"{log.name}/")["Contents"]
    assert (planned["items"], planned["objects"]) == (items, len(page))
    assert planned["log_bytes"] == sum(each["Size"] for each in page)
    assert log.keys() == before


def exported_now(pipeline: Pipeline) -> str:
    """Export the table in a second without changes, which could be in the export or not; return the export's ARN."""
    written_at = int(time.time())
    wait_for(lambda: int(time.time()) > written_at, "the next second")
    dynamodb, table = pipeline.client("dynamodb"), pipeline.outputs.require("table_name")
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    export: Any = dynamodb.export_table_to_point_in_time(
        TableArn=pipeline.outputs.require("table_arn"),
        S3Bucket=pipeline.outputs.require("bucket_name"),
        S3Prefix="exports",
    )["ExportDescription"]
    wait_for(lambda: time.time() >= export["ExportTime"].timestamp() + 1, "the next second")
    return export["ExportArn"]


def test_an_export_becomes_rows_once(pipeline: Pipeline, log: Log) -> None:
    pipeline.client("dynamodb").update_continuous_backups(
        TableName=pipeline.outputs.require("table_name"),
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    assert_refused(log.lake("backfill", "--export"), "point-in-time recovery", "--scan")
    pipeline.write(lives(910_000, 10, seed=16))
    arn = exported_now(pipeline)
    exported = log.lake("backfill", "--export", arn)
    assert "written to the change log: " in exported.out, exported
    assert log.verified().ok
    assert "is complete: nothing to do" in log.lake("backfill", "--export", arn).out
    assert log.verified().duplicates == 0
    with pytest.raises(UserError, match=f"into s3://{log.bucket}/{log.name}/, not of"):
        Backfill(pipeline.outputs, "export", arn=arn)
    assert_refused(log.lake("backfill", "--export", arn + "0"), "There is no export")


def test_an_export_is_compared_with_the_log_as_of_its_time(pipeline: Pipeline, log: Log) -> None:
    """What changes later does not count, and of the log each planted difference is named."""
    pipeline.write(lives(920_000, 30, seed=17))
    pipeline.write([("insert", order(number, 1, Random(number))) for number in (925_000, 925_001)])
    arn = exported_now(pipeline)
    later = [("update", order(925_000, 2, Random(1))), ("delete", order(925_001, 1, Random(1)))]
    pipeline.write(later)
    pipeline.write(lives(921_000, 10, seed=18))
    assert pipeline.verified().report.ok
    found = json.loads(pipeline.lake("verify", "--export", arn, "--json").out)
    assert (found["ok"], found["export"], found["rows"]) == (True, arn, found["items"]), found
    assert found["items"] >= 20
    assert found["moving"] == 0

    assert log.lake("backfill", "--export", arn).code == 0
    planned = json.loads(log.lake("verify", "--export", arn, "--dry-run", "--json").out)
    assert (planned["source"], planned["items"]) == ("export", found["items"])
    right = log.lake("verify", "--export", arn, "--settle", "0")
    assert right.code == 0, right
    assert "of the export, " in right.out
    changed, gone, image = log.plant()
    wrong = json.loads(log.lake("verify", "--export", arn, "--settle", "0", "--json").out)
    kinds = {(each["kind"], *each["key"], each.get("column")) for each in wrong["differences"]}
    assert kinds == {
        ("different", changed, "total"),
        ("missing", gone, None),
        ("extra", "planted", None),
        ("different", image, "after.planted"),
    }
    assert not [each for each in log.query("SHOW TABLES") if "verify_" in json.dumps(each)], (
        "the table of lines is gone"
    )
    for options, sentence in ((("--since", "1h"), "leave out --since"), (("--as-of", "now"), "leave out --since")):
        assert_refused(log.lake("verify", "--export", arn, *options), sentence)
    assert_refused(log.lake("verify", "--export", arn + "0"), "There is no export")


def test_a_table_that_does_not_fit_is_refused(pipeline: Pipeline, log: Log) -> None:
    dynamodb = pipeline.client("dynamodb")
    for name, key, streams in (("no-stream", "order_id", False), ("other-key", "id", True)):
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": streams, **({"StreamViewType": "KEYS_ONLY"} if streams else {})},
        )
    assert_refused(log.lake("backfill", "--scan", "--table", "no-stream"), "no-stream has no stream")
    for command in (("backfill", "--scan"), ("verify",), ("erase", "order-1")):
        refused = log.lake(*command, "--table", "other-key")
        assert_refused(refused, "The key of other-key is id (S), but that of the schema is order_id (S)")
        assert_refused(log.lake(*command, "--table", "nowhere"), "There is no DynamoDB table 'nowhere'")
    with pytest.raises(UserError, match="There is no table nowhere"):
        Backfill(replace(log.outputs, change_log_name="nowhere"), "scan")
    assert log.keys() == []


def test_a_moment_beyond_the_retention_is_refused(pipeline: Pipeline) -> None:
    """The rules are those of `lakeRetentionDays`: of the change log, and of the error prefix."""
    s3, bucket = pipeline.client("s3"), pipeline.outputs.require("bucket_name")
    before = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules = [
        {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}}
        for prefix, days in ((f"{TABLE.change_log}/", 30), (ERRORS, 7))
    ]
    errors = f"{ERRORS}processing-failed/retention.json"
    s3.put_object(Bucket=bucket, Key=errors, Body=b'{"rawData": "e30=", "errorCode": "E"}\n')
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    try:
        sentence = "is beyond the change log's retention of 30 days: name a time after"
        for option in ("--since", "--as-of"):
            assert_refused(pipeline.lake("verify", option, "31d"), sentence)
        long_ago = "date_add('day', -31, current_timestamp)"
        for name in ("state-as-of", "versions-since"):
            assert_refused(pipeline.lake("query", "--named", name, "--parameter", long_ago), sentence)
        assert pipeline.lake("query", "--named", "state-as-of", "--parameter", "current_timestamp").code == 0
        assert_refused(pipeline.lake("replay", "--since", "8d"), "the error prefix's retention of 7 days")
        assert s3.get_object(Bucket=bucket, Key=errors)["Body"].read(), "nothing is replayed"
        assert pipeline.lake("replay", "--since", "6d", "--dry-run").code == 0
    finally:
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": before})
        s3.delete_object(Bucket=bucket, Key=errors)


@pytest.fixture
def killed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Athena completes each staging table's statement once before, as that of a run which was killed meanwhile."""
    query = Athena.query

    def twice(self: Athena, sql: str, *arguments: Any, **named: Any) -> Any:
        if sql.startswith("CREATE TABLE") and "bucket_count" in sql:
            query(self, sql, *arguments, **named)
        return query(self, sql, *arguments, **named)

    monkeypatch.setattr(Athena, "query", twice)


@pytest.mark.usefixtures("killed_before")
def test_compaction_and_erasure_change_only_what_they_must(pipeline: Pipeline, log: Log) -> None:
    """Two objects become one, and then a key has no row in it, nor in an older version, nor under the error prefix.

    Both are repeated after a run that was killed, and delete the tables of other killed runs.
    """
    s3, key = pipeline.client("s3"), "erase-me"
    for version, name in enumerate((key, "another"), 1):
        pipeline.write([("insert", {"order_id": {"S": name}, "version": {"N": str(version)}})])
        assert log.lake("backfill", "--scan").code == 0
    assert_refused(log.lake("erase", key), "The item is still in the table")
    assert_refused(log.lake("erase", ""), "never empty")
    assert_refused(log.lake("erase", key, "2"), "has 1 attribute (order_id), not 2")
    pipeline.write([("delete", {"order_id": {"S": key}, "version": {"N": "1"}})])
    assert pipeline.verified().report.ok
    failed = [{"rawData": b64encode(_change(each)).decode(), "errorCode": "E"} for each in (key, "another")]
    errors = f"{ERRORS}processing-failed/erasure.json"
    s3.put_object(Bucket=log.bucket, Key=errors, Body="".join(json.dumps(each) + "\n" for each in failed).encode())
    rows = _all(log, f"WHERE order_id <> '{key}'")

    log.query(f"CREATE TABLE compaction_{0:032} AS SELECT 1 AS number")
    compacted = log.lake("compact", "--open")
    assert compacted.out.endswith("done\n"), compacted
    assert len(log.keys()) == 1
    assert _all(log, f"WHERE order_id <> '{key}'") == rows
    assert "nothing is changed" in log.lake("erase", key).out
    assert len(_all(log, f"WHERE order_id = '{key}'")) == 2

    current = f"{log.name}_view_current"
    log.query(
        f"CREATE TABLE {current} (order_id string, after string) LOCATION 's3://{log.bucket}/{current}/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    log.query(f"INSERT INTO {current} VALUES ('{key}', 'secret'), ('another', 'kept')")

    assert not _staging(log)
    log.query(f"CREATE TABLE erasure_{0:032} AS SELECT 1 AS number")
    erased = log.lake("erase", key, "--yes", "--view", f"{log.name}_view")
    assert erased.code == 0, erased
    assert "removed 2 rows in 1 object, 1 error record, 1 row of the current table" in erased.out
    assert "nothing in the lake had this key" not in erased.out
    assert not _staging(log)
    assert _all(log, "") == rows
    assert s3.get_object(Bucket=log.bucket, Key=errors)["Body"].read().count(b"rawData") == 1
    assert not any(each["Key"].startswith(log.name) and not each["IsLatest"] for each in versions(s3, log.bucket, ""))
    assert log.query(f"SELECT order_id FROM {current}") == [{"order_id": "another"}]
    assert log.query(f'SELECT count(*) AS n FROM "{current}$snapshots"') == [{"n": 1}]
    page = s3.list_objects_v2(Bucket=log.bucket, Prefix=f"{current}/data/")
    assert len(page["Contents"]) == 1, "the file of the earlier snapshot is gone"
    again = log.lake("erase", key, "--yes")
    assert again.code == 0, "an erasure can be repeated as its proof"
    assert "nothing in the lake had this key: an earlier run has erased it" in again.out, "as when it is mistyped"


def _staging(log: Log) -> list[dict[str, Any]]:
    return [each for each in log.query("SHOW TABLES") if re.search("compaction_|erasure_", json.dumps(each))]


def _all(log: Log, where: str) -> list[dict[str, Any]]:
    return log.query(f"SELECT * FROM {log.name} {where} ORDER BY order_id, sequence")


def _change(key: str) -> bytes:
    keys = {"order_id": {"S": key}}
    return json.dumps({"eventID": key, "eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": keys}}).encode()
