"""The transform beside its peers: `python -m benchmarks.transform`."""
