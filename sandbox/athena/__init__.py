"""Athena on one machine: the query and metadata calls of its API, answered by DuckDB.

The endpoint serves the configuration calls (workgroups, named queries, prepared statements, data catalogues); this
package runs statements. `service` serves the API, with `calls` for queries and `metadata` for the catalogue;
`executions` runs them. A text becomes a value in `statements`, which `commands` runs. A query passes through `planner`
(Athena's SQL to DuckDB's, with the tables, views and partitions of the Glue catalogue) and `store` (the objects that it
needs, each read once); `results` has the files that Athena writes to the bucket, `files` those of tables.
"""
