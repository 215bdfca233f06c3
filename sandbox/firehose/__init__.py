"""Firehose: from a Kinesis stream, through a Lambda transform and format conversion, to objects in S3.

A separate process (`python -m sandbox.firehose`) describes the delivery streams at the endpoint, like any client, and
runs those with a Kinesis source.
"""
