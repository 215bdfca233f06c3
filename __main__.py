"""The pipeline: settings, the stages in the order of a change, and the outputs for the tools."""

import dataclasses
from pathlib import Path

import pulumi

from components import bundle, continuity
from components.analytics import Analytics, AnalyticsArgs
from components.capture import Capture, CaptureArgs
from components.catalogue import Catalogue, CatalogueArgs
from components.delivery import Delivery, DeliveryArgs
from components.encryption import Encryption
from components.endpoint import endpoint_url
from components.fanout import Fanout, FanoutArgs
from components.lake import Lake
from components.merge_schedule import MergeSchedule, MergeScheduleArgs
from components.metrics import Pipeline
from components.observability import Observability
from components.settings import Settings
from components.stage import Context
from components.table import Table
from transform.schema import TABLE

settings = Settings.load()
before = continuity.deployed()
now = continuity.MadeWith.of(settings, before)
continuity.check(before, now)
code = bundle.build(Path(__file__).resolve().parent, settings.target)
context = Context.of_stack(settings, TABLE, before)
key = Encryption("key", context) if settings.customer_managed_keys else None
if key:
    context = dataclasses.replace(context, key_arn=key.key_arn)

table = Table("table", context)
zip_ = pulumi.FileArchive(str(code))
capture = Capture("capture", CaptureArgs(table.table_name, table.stream_arn, zip_), context)
lake = Lake("lake", context)
catalogue = Catalogue("catalogue", CatalogueArgs(lake.bucket_name, lake.bucket_arn), context)
delivery = Delivery(
    "delivery",
    DeliveryArgs(
        stream_arn=capture.stream_arn,
        bucket_arn=lake.bucket_arn,
        database_name=catalogue.database_name,
        change_log_name=catalogue.change_log_name,
        code=zip_,
    ),
    context,
)
fanout = Fanout("fanout", FanoutArgs(capture.stream_arn), context) if settings.event_fanout else None
analytics = Analytics("analytics", AnalyticsArgs(lake.bucket_name, catalogue.database_name), context)
merge = (
    MergeSchedule(
        "merge",
        MergeScheduleArgs(lake.bucket_name, lake.bucket_arn, catalogue.database_name, analytics.workgroup_name),
        context,
        pulumi.ResourceOptions(depends_on=[analytics]),
    )
    if settings.merge_interval_minutes
    else None
)
observability = Observability(
    "observability",
    Pipeline(
        table_name=table.table_name,
        stream_name=capture.stream_name,
        pipe_name=capture.pipe_name,
        large_pipe_name=capture.large_pipe_name,
        shorten_function_name=capture.shorten_function_name,
        dead_letter_queue_name=capture.dead_letter_queue_name,
        delivery_stream_name=delivery.delivery_stream_name,
        function_name=delivery.function_name,
        workgroup_name=analytics.workgroup_name,
        error_queue_name=lake.error_queue_name,
        merge_machine_arn=merge.state_machine_arn if merge else "",
        merge_dead_letter_queue_name=merge.dead_letter_queue_name if merge else "",
        event_pipe_name=fanout.event_pipe_name if fanout else "",
        event_queue_name=fanout.event_queue_name if fanout else "",
        event_dead_letter_queue_name=fanout.event_dead_letter_queue_name if fanout else "",
    ),
    context,
    [stage for stage in (key, table, capture, lake, catalogue, delivery, fanout, analytics, merge) if stage],
)

for name, value in {
    "region": context.region,
    "table_name": table.table_name,
    "table_arn": table.table_arn,
    "stream_arn": table.stream_arn,
    "stream_name": capture.stream_name,
    "pipe_name": capture.pipe_name,
    "large_pipe_name": capture.large_pipe_name,
    "shorten_function_name": capture.shorten_function_name,
    "delivery_stream_name": delivery.delivery_stream_name,
    "function_name": delivery.function_name,
    "bucket_name": lake.bucket_name,
    "database_name": catalogue.database_name,
    "change_log_name": catalogue.change_log_name,
    "view_name": analytics.view_name,
    "workgroup_name": analytics.workgroup_name,
    "dead_letter_queue_url": capture.dead_letter_queue_url,
    "dashboard_name": observability.dashboard_name,
    continuity.OUTPUT: now.output(),
    **({"endpoint_url": url} if (url := endpoint_url()) else {}),
    **({"merge_machine_arn": merge.state_machine_arn} if merge else {}),
    **({"event_bus_name": fanout.event_bus_name, "event_queue_url": fanout.event_queue_url} if fanout else {}),
}.items():
    pulumi.export(name, value)
