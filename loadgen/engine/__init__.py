"""The open-loop engine, and one segment of a run from start to end."""
