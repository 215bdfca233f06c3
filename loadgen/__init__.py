"""An open-loop load generator for DynamoDB: `python -m loadgen --rps 500`, or from Python:

    from loadgen import Endpoint, Plan, profile, run

    plan = Plan(profile=profile("ramp:from=100", rps=500, duration_s=60), seed=7)
    report = run(plan, Endpoint(region="eu-west-1"), table="orders")
    print(report.rate, report.latency["intended"].percentiles_ms["p99"])

A class with `WorkloadBase` as its base writes other items, to other tables.

    cli          the command line            report     the results of a run, and every view of them schedule     when
    each write is due      distributed  processes and machines that share a run workloads    what is written engine
    sends each write when it is due dynamodb     writers, requests, replies  metrics      counters and latency
    histograms native       the parts in C              job        a segment's input and its result

The names below are imported on first use, so `import loadgen` loads nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadgen.api import run, run_async
    from loadgen.dynamodb.writer import Endpoint
    from loadgen.metrics.counters import MetricsRow
    from loadgen.report.report import RunReport
    from loadgen.report.report import load as load_report
    from loadgen.report.threshold import Threshold
    from loadgen.schedule.key_choices import keys
    from loadgen.schedule.mix import Mix
    from loadgen.schedule.plan import Plan
    from loadgen.schedule.profiles import profile
    from loadgen.workloads.custom import Delete, Get, ItemWrite, Put, QueryItems, Transact, Update, WorkloadBase

__all__ = [
    "Delete",
    "Endpoint",
    "Get",
    "ItemWrite",
    "MetricsRow",
    "Mix",
    "Plan",
    "Put",
    "QueryItems",
    "RunReport",
    "Threshold",
    "Transact",
    "Update",
    "WorkloadBase",
    "keys",
    "load_report",
    "profile",
    "run",
    "run_async",
]

_MODULES = {
    "api": ("run", "run_async"),
    "dynamodb.writer": ("Endpoint",),
    "metrics.counters": ("MetricsRow",),
    "report.report": ("RunReport", "load"),
    "report.threshold": ("Threshold",),
    "schedule.key_choices": ("keys",),
    "schedule.mix": ("Mix",),
    "schedule.plan": ("Plan",),
    "schedule.profiles": ("profile",),
    "workloads.custom": ("Delete", "Get", "ItemWrite", "Put", "QueryItems", "Transact", "Update", "WorkloadBase"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'loadgen' has no attribute {name!r}")
    place = "load" if name == "load_report" else name
    value = getattr(import_module(f"loadgen.{_PLACES[place]}"), place)
    globals()[name] = value
    return value
