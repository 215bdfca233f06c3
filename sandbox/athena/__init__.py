"""Athena on one machine: the query calls of its API, answered by DuckDB.

What of the API is configuration (workgroups, named queries, data catalogues)
stays with the endpoint; what runs a query is here. A query goes through
`statements` (what kind it is), `planner` (Athena's SQL to DuckDB's, with the
tables, views and partitions of the Glue catalogue), `store` (the objects that
it needs, each read once) and `results` (the files that Athena leaves in the
bucket). `executions` runs queries, `service` speaks the API.
"""
