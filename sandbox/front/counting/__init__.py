"""What the server counts of the calls that it answers: the metrics of DynamoDB, Kinesis and SQS.

docs/monitoring.md lists them, with AWS's pages about them.
"""
