"""Kinesis data streams: shards and their records, and the ways to read them. https://docs.aws.amazon.com/kinesis/

moto stores the streams and handles the calls that change them. The calls that carry data and those that read shards are
here: `records` (PutRecord to GetRecords), `listing` (ListShards, DescribeStream), `resharding` (MergeShards),
`consumers` and `subscription` (SubscribeToShard).
"""
