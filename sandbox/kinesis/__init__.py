"""Kinesis data streams: shards and their records, who reads them and how. https://docs.aws.amazon.com/kinesis/

moto keeps the streams and answers what changes them. What carries data and what
reads shards is here: `records` (PutRecord to GetRecords), `listing` (ListShards,
DescribeStream), `resharding` (MergeShards), `consumers` and `subscription` (SubscribeToShard).
"""
