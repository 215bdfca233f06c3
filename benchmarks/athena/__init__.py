"""The sandbox's Athena: how long planning takes, and the demo's queries beside an earlier commit and DuckDB alone.

python -m benchmarks.athena [COMMIT] [--changes 1000000] [--rounds 9] [--json PATH]
"""
