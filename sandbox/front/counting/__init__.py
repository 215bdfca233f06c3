"""The server's counts of the calls that it handles: the metrics of DynamoDB, Kinesis and SQS.

docs/monitoring.md lists them, with AWS's pages about them.
"""
