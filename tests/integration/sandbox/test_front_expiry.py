"""A table's time to live: the service removes expired items, and the stream names the service as the principal.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
"""

from __future__ import annotations

import time
from typing import Any

from sandbox.state import client

_PATIENCE_S = 30.0


def test_an_expired_item_is_removed_by_the_service(sandbox_server: Any) -> None:
    dynamodb = client("dynamodb", sandbox_server.endpoint_url)
    streams = client("dynamodbstreams", sandbox_server.endpoint_url)
    dynamodb.create_table(
        TableName="expires",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    now_s = int(time.time())
    times = {"past": now_s - 60, "future": now_s + 3600, "long-ago": now_s - 6 * 365 * 86_400}
    for key, at_s in times.items():
        dynamodb.put_item(TableName="expires", Item={"k": {"S": key}, "until": {"N": str(at_s)}})
    dynamodb.put_item(TableName="expires", Item={"k": {"S": "never"}, "until": {"S": str(now_s - 60)}})

    specification = {"Enabled": True, "AttributeName": "until"}
    dynamodb.update_time_to_live(TableName="expires", TimeToLiveSpecification=specification)

    arn = dynamodb.describe_table(TableName="expires")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records: list[Any] = []
    iterator, end_s = start["ShardIterator"], time.monotonic() + _PATIENCE_S
    while len(records) < 5 and time.monotonic() < end_s:
        page = streams.get_records(ShardIterator=iterator)
        records, iterator = records + page["Records"], page["NextShardIterator"]

    assert [record["eventName"] for record in records] == ["INSERT"] * 4 + ["REMOVE"]
    assert records[-1]["dynamodb"]["Keys"] == {"k": {"S": "past"}}
    assert records[-1]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert "userIdentity" not in records[0]
    left = {item["k"]["S"] for item in dynamodb.scan(TableName="expires")["Items"]}
    assert left == {"future", "long-ago", "never"}
    dynamodb.delete_table(TableName="expires")
