"""Writes under faults and crashes, and the proof that nothing is lost: a short run in `make test`, a long one by
`make chaos`.
"""
