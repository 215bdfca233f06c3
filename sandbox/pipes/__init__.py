"""EventBridge Pipes: from a stream, by filter, enrichment, template and retries, to a Kinesis stream or a bus.

A separate process (`python -m sandbox.pipes`) describes the pipes at the endpoint, like any client, and runs those
whose desired state is RUNNING.
"""
