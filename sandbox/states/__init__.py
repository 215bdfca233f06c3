"""Step Functions' executions and EventBridge Scheduler's schedules, as far as the program's scheduled merge uses them.

moto stores state machines and schedules; this package runs them, in the crawlers' process, which also starts work by
the clock.
"""
