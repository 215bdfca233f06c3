"""EventBridge Pipes: from a stream, by filter, enrichment, template and retries, into a Kinesis stream or onto a bus.

A process of its own (`python -m sandbox.pipes`): it describes the pipes at the
endpoint as any client would, and runs those that should be running.
"""
