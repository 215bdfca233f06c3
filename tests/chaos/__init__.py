"""Writes under faults and crashes, with the proof that nothing is lost: short in `make test`, long by `make chaos`."""
