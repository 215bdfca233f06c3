"""The sandbox's Athena: the time of planning, and the demo's queries beside an earlier commit and DuckDB alone.

python -m benchmarks.athena [COMMIT] [--changes 1000000] [--rounds 9] [--json PATH]
"""
