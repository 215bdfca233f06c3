"""The Glue crawler on one machine: looks at a target's objects and writes down what they hold.

`discovery` finds tables and partitions among the keys, `columns` infers their
columns from samples, `writer` brings the catalogue up to date as the crawler's
policies say, `service` starts crawls on request and by schedule.
"""
