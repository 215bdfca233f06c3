"""Faults on demand: what AWS's services and a worker can do to a client, switched on and off while the sandbox runs.

    fault      the value that describes one: kind, service, operation, how often, until when, parameters
    kinds      which kinds there are, for which services, with which parameters; and the check of a fault against them
    errors     the services' own codes, statuses and messages
    active     the server's faults that are on, and how often each struck; active_file is where it keeps them
    throughput the limits of DynamoDB's tables and partitions, counted in buckets
    points     named points of a worker, at which it can crash; strikes is how it asks the server
    command    `python -m sandbox fault`
    client     `inject(...)` for tests, and what the command line uses

The server keeps the faults and decides each strike by the fault's own seeded generator, so a run can be repeated. The
other processes read a file that the server writes, and ask the server when a fault concerns them.
"""

from sandbox.faults.client import InjectedFault, inject
from sandbox.faults.fault import Active, Fault

__all__ = ["Active", "Fault", "InjectedFault", "inject"]
