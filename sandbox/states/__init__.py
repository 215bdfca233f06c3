"""Step Functions' executions and EventBridge Scheduler's starts: what the program's scheduled merge needs of both.

moto keeps state machines and schedules. Here they run, in the crawlers' process, which is the other one that starts
work by the clock.
"""
