"""What a changed setting means for a stack that runs: for its changes under way, and for the rows that are there.

Which resources `pulumi up` creates, updates, replaces or deletes is computed
(components.explain.change); what that does to the data is not, and stands here,
a word for every key of Pulumi.yaml. `python -m components.explain --changes`
shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """What one setting's change does to a running stack, in plain sentences.

    `says` is for the changes under way and the rows that are there; `refused`
    tells which change is refused, by whom, and what to do instead ("": none);
    `loses` what is gone afterwards and does not come back ("": nothing).
    """

    says: str
    refused: str = ""
    loses: str = ""


_NOTHING = "Nothing happens to changes under way."
_KEPT = "Changes under way wait in the Kinesis stream and are delivered after it."
_FROM_NOW_ON = "It holds for what comes after it; rows that are there stay as they are."

CHANGES: Mapping[str, Change] = {
    "captureMode": Change(
        "The new capture is made before the old one is deleted, and for a while both bring the same changes: the "
        "log holds them twice, the view is right. To pipe, the Pipe first reads what DynamoDB Streams still holds, "
        "up to 24 hours.",
        loses="To native: what the Pipe has not read when it is deleted, if it is further behind than the two captures "
        "overlap, so switch while the alarm capture-age is quiet and the Pipe keeps up; and the messages in the Pipe's "
        "dead-letter queue, so bring those changes back before (lake replay --dead-letters).",
    ),
    "tableCapacity": Change(
        f"{_NOTHING} The table is updated in place, which takes minutes; writes are served meanwhile. To provisioned, "
        "it starts at tableMinReadUnits and tableMinWriteUnits: set them to what is used now, for autoscaling takes "
        "minutes. AWS allows four changes to on-demand a day."
    ),
    "tableMinReadUnits": Change(f"{_NOTHING} Autoscaling moves the table to the new bounds."),
    "tableMaxReadUnits": Change(f"{_NOTHING} Reads above the new limit are throttled."),
    "tableMinWriteUnits": Change(f"{_NOTHING} Autoscaling moves the table to the new bounds."),
    "tableMaxWriteUnits": Change(f"{_NOTHING} Writes above the new limit are throttled: clients see it, and retry."),
    "tableWarmWriteUnits": Change(
        f"{_NOTHING} It counts when the table is created, and changes nothing later: AWS raises warm throughput by "
        "itself as the table is used, and it can never be lowered. To raise it before a peak: aws dynamodb "
        "update-table --table-name TABLE --warm-throughput WriteUnitsPerSecond=N."
    ),
    "kinesisShards": Change(
        "The stream is resharded or changes its mode while it runs; records keep their retention. AWS allows two "
        "changes of the mode a day, and at most the double or the half of the shards at a time."
    ),
    "kinesisRetentionHours": Change(
        _NOTHING,
        loses="Lowered: what is in the stream and older than the new time goes at once. See that delivery is not "
        "behind (alarm stream-age) before.",
    ),
    "pipeBatchSize": Change("The Pipe is updated in place and goes on where it was."),
    "pipeBatchWindowSeconds": Change("The Pipe is updated in place and goes on where it was."),
    "pipeParallelism": Change("The Pipe is updated in place and goes on where it was."),
    "pipeRetries": Change(
        "The Pipe is updated in place and goes on where it was; a batch under way may still be tried as often as "
        "before."
    ),
    "lakeFormat": Change(
        "Rows of one prefix are read in one format: a stack that has rows cannot change it.",
        refused="By the program, on a deployed stack: make a second stack in the other format and backfill it from the "
        "table.",
    ),
    "bufferIntervalSeconds": Change(f"{_KEPT} The next objects are larger or smaller, and later or sooner."),
    "bufferSizeMb": Change(f"{_KEPT} The next objects are larger or smaller."),
    "transformBufferMb": Change(f"{_KEPT} The transform is called for more or fewer changes at a time."),
    "transformBufferSeconds": Change(f"{_KEPT} The transform is called less or more often."),
    "transformRetries": Change(f"{_KEPT} A batch under way may still be tried as often as before."),
    "lambdaRuntime": Change(
        "The function's code is replaced in place: calls under way end on the old, the next begin on the new."
    ),
    "lambdaArchitecture": Change(
        "The function's code is replaced in place: calls under way end on the old, the next begin on the new."
    ),
    "lambdaMemoryMb": Change("The function is updated in place: calls under way end as they began."),
    "lambdaTimeoutSeconds": Change("The function is updated in place: calls under way end as they began."),
    "lambdaConcurrency": Change(
        "Fewer calls at a time than Firehose makes are throttled: Firehose tries again, the lake falls behind.",
        refused="By Lambda, where fewer than 100 of the account's concurrent executions would be left.",
    ),
    "lambdaTracing": Change(_NOTHING),
    "protect": Change(
        f"{_NOTHING} true: the resources that hold data refuse to be deleted, from this up on. false: from this up on "
        "they can be."
    ),
    "forceDestroy": Change(f"{_NOTHING} It is about the next destroy alone: whether that may empty the buckets."),
    "pointInTimeRecovery": Change(
        _NOTHING, loses="Switched off: the table's continuous backup, all 35 days of it, is gone at once."
    ),
    "customerManagedKeys": Change(
        "Switched on: everything is encrypted under the new key from then on; what is there stays readable under "
        "the key that it was written with.",
        refused="true to false, by the program: rows and changes under way rest under the key and could not be read "
        "without it. Keep it, or make a second stack and copy the table's items there.",
    ),
    "logRetentionDays": Change(_NOTHING, loses="Lowered: log lines older than the new time."),
    "lakeRetentionDays": Change(
        _FROM_NOW_ON,
        loses="Set or lowered: S3 deletes rows older than the new time within a day or two. The view then knows only "
        "the keys that were written since.",
    ),
    "queryResultDays": Change(_NOTHING, loses="Lowered: results of queries older than the new time."),
    "queryScanLimitGb": Change(f"{_NOTHING} A query that would scan more is cancelled."),
    "eventFanout": Change(
        "On: the event Pipe begins with what the Kinesis stream still holds, so consumers are told changes of the "
        "last kinesisRetentionHours.",
        loses="Off: events that wait in its queues go with them.",
    ),
    "largeOrderThreshold": Change(
        "The event rule is updated in place; events under way are told apart by the old or the new."
    ),
    "errorQueue": Change(
        _NOTHING,
        loses="Off: the notes that wait in the error queue. The error objects themselves stay in the lake.",
    ),
    "arrivalFrom": Change(
        "Moved later: rows that arrived before it are no longer seen by queries, though they stay in the bucket. "
        "Moved earlier again: they are seen."
    ),
    "crawlerSchedule": Change(_NOTHING),
    "alarmEmail": Change(
        f"{_NOTHING} The new address must confirm by a link that AWS mails before it is told of anything."
    ),
    "alarmLatencySeconds": Change(_NOTHING),
    "alarmThrottlesPerMinute": Change(_NOTHING),
    "alarmFailuresPerMinute": Change(_NOTHING),
}
