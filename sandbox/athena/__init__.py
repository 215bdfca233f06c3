"""Athena on one machine: the query and metadata calls of its API, run by DuckDB.

The endpoint serves the configuration calls (workgroups, named queries, prepared statements, data catalogues); this
package runs statements. `service` serves the API, with `calls` for queries and `metadata` for the catalogue;
`executions` runs them. `statements` reads a text into a value, which `commands` runs. A query passes through `syntax`
(its tree by Trino's grammar), `planning` (names, types, and DuckDB's SQL with every conversion written out) and `store`
(the objects that it needs, each read once); `functions` is the table of Trino's functions, `types`, `coercions` and
`conversions` are its types; `results` has the files that Athena writes to the bucket, `files` those of tables.
"""
