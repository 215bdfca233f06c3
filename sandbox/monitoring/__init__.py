"""CloudWatch's metrics and alarms: counting, storing and querying metrics, and evaluating alarms.

`recorder` counts in every process, `store` has the server's metrics, `queries`, `expressions` and `insights` query
them, `evaluation` has the rules of an alarm's state and `alarm` applies them. docs/monitoring.md lists the metrics with
AWS's pages about them.
"""
