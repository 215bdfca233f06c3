"""Tools for the lake: query it, verify it against the table, measure its freshness, replay failed changes.

The command line is `python -m lake`, each of its commands a file called
command_*. As a library: `lake.athena.Athena` runs queries, `lake.verify.verify`
compares the table with the lake.
"""
