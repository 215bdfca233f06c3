"""The Glue crawler on one machine: infers tables from a target's objects and writes them to the catalogue.

`discovery` finds tables and partitions among the keys, `columns` infers their columns from samples, `writer` updates
the catalogue according to the crawler's policies, `service` starts crawls on request and by schedule.
"""
