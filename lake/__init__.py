"""Work on what arrived in the lake: query it, and verify it against the table.

The command line is `python -m lake`, each of its commands a file called
command_*. As a library: `lake.athena.Athena` runs queries, `lake.verify.verify`
compares the table with the lake.
"""
