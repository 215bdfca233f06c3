"""CloudWatch's metrics and alarms: what is counted, how it is stored and asked for, and when an alarm is raised.

`recorder` counts in every process, `store` has the metrics of the server, `queries`, `expressions` and `insights`
answer questions about them, `evaluation` has the rules of an alarm's state and `alarm` applies them.
docs/monitoring.md lists the metrics with AWS's pages about them.
"""
