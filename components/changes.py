"""What a changed setting does to a running stack: to changes in flight and to rows already in the lake.

Which resources `pulumi up` creates, updates, replaces or deletes is computed (components.explain.change). What that
does to the data is written here, for every key of Pulumi.yaml. `python -m components.explain --changes` shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SettingChange:
    """What a change of one setting does to a running stack.

    `says` describes the effect on changes in flight and on rows in the lake. `refused` names the change that is
    refused, by whom, and the alternative ("": no change is refused). `loses` names what is lost permanently ("":
    nothing).
    """

    says: str
    refused: str = ""
    loses: str = ""


_NOTHING = "Changes in flight are not affected."
_KEPT = "Changes in flight wait in the Kinesis stream and are delivered after the update."
_FROM_NOW_ON = "It applies to later changes; existing rows stay as they are."

CHANGES: Mapping[str, SettingChange] = {
    "captureMode": SettingChange(
        "The new capture is created before the old one is deleted, so both deliver the same changes for a while: the "
        "log has duplicates, the view is correct. After a switch to pipe, the Pipe first reads what DynamoDB Streams "
        "still keeps, up to 24 hours.",
        loses="To native: what the Pipe has not read when it is deleted, if its backlog is longer than the overlap "
        "of the two captures. Switch while the alarm capture-age is quiet and the Pipe keeps up. Also the messages "
        "in the Pipe's dead-letter queue: replay them first (lake replay --dead-letters).",
    ),
    "tableCapacity": SettingChange(
        f"{_NOTHING} The table is updated in place, which takes minutes; it serves writes meanwhile. A provisioned "
        "table starts at tableMinReadUnits and tableMinWriteUnits: set them to the present use, because autoscaling "
        "takes minutes. AWS allows four changes to on-demand a day."
    ),
    "tableMinReadUnits": SettingChange(f"{_NOTHING} Autoscaling moves the table to the new bounds."),
    "tableMaxReadUnits": SettingChange(f"{_NOTHING} Reads above the new limit are throttled."),
    "tableMinWriteUnits": SettingChange(f"{_NOTHING} Autoscaling moves the table to the new bounds."),
    "tableMaxWriteUnits": SettingChange(
        f"{_NOTHING} Writes above the new limit are throttled: clients receive the error and retry."
    ),
    "tableWarmWriteUnits": SettingChange(
        f"{_NOTHING} It applies when the table is created and has no effect later: AWS raises warm throughput "
        "automatically with use, and it can never be lowered. To raise it before a peak: aws dynamodb "
        "update-table --table-name TABLE --warm-throughput WriteUnitsPerSecond=N."
    ),
    "tableContributorInsights": SettingChange(
        f"{_NOTHING} Counting begins or ends within seconds. Between all-keys and throttled-keys it is disabled and "
        "enabled again, with new rules.",
        loses="Off, or changed: what CloudWatch has counted of the keys, with the rules.",
    ),
    "kinesisShards": SettingChange(
        "The stream is resharded or changes its mode while it runs; records keep their retention. AWS allows two mode "
        "changes per day, and after one to provisioned the stream first has the shards that it had on demand.",
        refused="By AWS, in the middle of the update: more than double or less than half of the open shards at once. "
        "Change it in several updates.",
    ),
    "kinesisRetentionHours": SettingChange(
        _NOTHING,
        loses="Lowered: records older than the new time expire immediately. Check first that delivery is not behind "
        "(alarm stream-age).",
    ),
    "pipeBatchSize": SettingChange("The Pipe is updated in place and continues at its checkpoint."),
    "pipeBatchWindowSeconds": SettingChange("The Pipe is updated in place and continues at its checkpoint."),
    "pipeParallelism": SettingChange("The Pipe is updated in place and continues at its checkpoint."),
    "pipeRetries": SettingChange(
        "The Pipe is updated in place and continues at its checkpoint; a batch in flight may still use the old number "
        "of retries."
    ),
    "lakeFormat": SettingChange(
        "Athena reads a prefix in one format, so a stack that has rows cannot change it.",
        refused="By the program, on a deployed stack: create a second stack in the other format and backfill it from "
        "the table.",
    ),
    "bufferIntervalSeconds": SettingChange(
        f"{_KEPT} Later objects are larger or smaller, and are written later or earlier."
    ),
    "bufferSizeMb": SettingChange(f"{_KEPT} Later objects are larger or smaller."),
    "transformBufferMb": SettingChange(f"{_KEPT} An invocation of the transform gets more or fewer changes."),
    "transformBufferSeconds": SettingChange(f"{_KEPT} The transform is invoked less or more often."),
    "transformRetries": SettingChange(f"{_KEPT} A batch in flight may still use the old number of retries."),
    "lambdaRuntime": SettingChange(
        "The function's code is updated in place: running invocations finish with the old code, later ones use the new."
    ),
    "lambdaArchitecture": SettingChange(
        "The function's code is updated in place: running invocations finish with the old code, later ones use the new."
    ),
    "lambdaMemoryMb": SettingChange(
        "The function is updated in place: running invocations finish with the old configuration."
    ),
    "lambdaTimeoutSeconds": SettingChange(
        "The function is updated in place: running invocations finish with the old configuration."
    ),
    "lambdaConcurrency": SettingChange(
        "A value below Firehose's concurrency throttles it: Firehose retries, and the lake falls behind.",
        refused="By Lambda, if fewer than 100 of the account's concurrent executions would remain unreserved.",
    ),
    "lambdaTracing": SettingChange(_NOTHING),
    "protect": SettingChange(
        f"{_NOTHING} true: from this update on, the resources that hold data cannot be deleted. false: from this "
        "update on, they can be."
    ),
    "forceDestroy": SettingChange(f"{_NOTHING} It only decides whether the next destroy may empty the buckets."),
    "pointInTimeRecovery": SettingChange(
        _NOTHING, loses="Switched off: the table's continuous backup, all 35 days of it, is deleted immediately."
    ),
    "customerManagedKeys": SettingChange(
        "Switched on: new data is encrypted with the new key; existing data stays readable with the key that it was "
        "written with.",
        refused="true to false, by the program: rows and changes in flight are encrypted with the key and would be "
        "unreadable without it. Keep the key, or create a second stack and copy the table's items there.",
    ),
    "logRetentionDays": SettingChange(_NOTHING, loses="Lowered: log lines older than the new time."),
    "lakeRetentionDays": SettingChange(
        _FROM_NOW_ON,
        loses="Set or lowered: S3 deletes rows older than the new time within a day or two. The view then has only "
        "the keys that were written since.",
    ),
    "queryResultDays": SettingChange(_NOTHING, loses="Lowered: query results older than the new time."),
    "queryScanLimitGb": SettingChange(f"{_NOTHING} A query that would scan more is cancelled."),
    "eventFanout": SettingChange(
        "On: the event Pipe starts with what the Kinesis stream still keeps, so consumers receive changes of the "
        "last kinesisRetentionHours.",
        loses="Off: events that wait in its queues are deleted with the queues.",
    ),
    "largeOrderThreshold": SettingChange(
        "The event rule is updated in place; events in flight match either the old or the new threshold."
    ),
    "errorQueue": SettingChange(
        _NOTHING,
        loses="Off: the messages in the error queue. The error objects stay in the lake.",
    ),
    "mergeIntervalMinutes": SettingChange(
        "On: the first merge reads the whole log and creates the table; until its end the views read the log. Off: the "
        "views continue with the table and all changes since the last merge, which accumulate: run lake merge, or "
        "pulumi up --refresh, which makes them read the log again.",
        loses="Off: the messages in the schedule's dead-letter queue, each of which is a merge that was not started.",
    ),
    "arrivalFrom": SettingChange(
        "Moved later: queries no longer return rows that arrived before it; the rows stay in the bucket. Moved "
        "earlier: queries return them again."
    ),
    "crawlerSchedule": SettingChange(_NOTHING),
    "alarmEmail": SettingChange(
        f"{_NOTHING} The new address receives alarms only after it confirms the link that AWS sends."
    ),
    "alarmLatencySeconds": SettingChange(_NOTHING),
    "alarmThrottlesPerMinute": SettingChange(_NOTHING),
    "alarmFailuresPerMinute": SettingChange(_NOTHING),
}
