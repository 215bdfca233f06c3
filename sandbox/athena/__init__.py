"""Athena on one machine: the query calls of its API, answered by DuckDB.

The endpoint serves the configuration calls (workgroups, named queries, data catalogues); this package runs queries. A
query passes through `statements` (what kind it is), `planner` (Athena's SQL to DuckDB's, with the tables, views and
partitions of the Glue catalogue), `store` (the objects that it needs, each read once) and `results` (the files that
Athena writes to the bucket). `executions` runs queries, `service` serves the API.
"""
