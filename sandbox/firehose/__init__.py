"""Firehose: from a Kinesis stream, by Lambda transform and format conversion, into objects in S3.

A process of its own (`python -m sandbox.firehose`): it describes the delivery
streams at the endpoint as any client would, and runs those that read a Kinesis
stream.
"""
