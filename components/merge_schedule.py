"""The scheduled merge, which updates the current table without manual runs of `lake merge`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pulumi
import pulumi_aws as aws

from components import current, merge_states
from components.json_text import json_text
from components.lake import QUERY_RESULTS
from components.permission import ANY, Permission
from components.queue import Queue
from components.role import ServiceRole
from components.stage import Context, Stage

PART = "merge"
_SCHEDULE_PART = "merge-schedule"
_ROWS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
_DELIVERS_LOGS = tuple(
    f"logs:{action}"
    for action in (
        *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies"),
        *("GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"),
    )
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html ("IAM Policies for logging to CloudWatch Logs")"""


@dataclass(frozen=True)
class MergeScheduleArgs:
    """The lake's bucket, the catalogue's database, and the workgroup."""

    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    database_name: pulumi.Input[str]
    workgroup_name: pulumi.Input[str]


class MergeSchedule(Stage):
    """A state machine that merges the changes into the Iceberg table of the current state, and its schedule.

    EventBridge Scheduler starts it every `mergeIntervalMinutes`, retries for the length of the interval, and then sends
    the failed start to a queue. The machine's first execution creates the table and bases the views on it; this program
    deploys them over the log. A refresh that restores that costs speed until the next execution, but no row. Its states
    and logs have SQL and no rows, so they need no key of the stack. Exports `state_machine_arn` and
    `dead_letter_queue_name`.
    """

    state_machine_arn: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: MergeScheduleArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Merge", name, context, opts)
        machine = self._machine(name, args)
        queue = Queue(name, self, "merge-dead-letters")
        self._schedule(name, machine, queue)
        self.state_machine_arn = machine.arn
        self.dead_letter_queue_name = queue.name
        self.register_outputs(
            {"state_machine_arn": self.state_machine_arn, "dead_letter_queue_name": self.dead_letter_queue_name}
        )

    def _machine(self, name: str, args: MergeScheduleArgs) -> aws.sfn.StateMachine:
        context, settings = self.context, self.context.settings
        machine_name = context.names(PART)
        logs = aws.cloudwatch.LogGroup(
            name,
            aws.cloudwatch.LogGroupArgs(
                name=f"/aws/vendedlogs/states/{machine_name}",
                retention_in_days=settings.log_retention_days,
                kms_key_id=context.key_arn,
                tags=self.tags,
            ),
            self.child(),
        )
        role = self._machine_role(name, args, machine_name)
        return aws.sfn.StateMachine(
            name,
            aws.sfn.StateMachineArgs(
                name=machine_name,
                type="STANDARD",
                role_arn=role.arn,
                definition=json_text(
                    merge_states.definition(
                        context.table,
                        create=pulumi.Output.from_input(args.bucket_name).apply(self._create),
                        database=args.database_name,
                        workgroup=args.workgroup_name,
                        margin=current.MARGIN + timedelta(seconds=settings.buffer_interval_seconds),
                        interval_minutes=settings.merge_interval_minutes,
                    )
                ),
                logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
                    level="ERROR", include_execution_data=False, log_destination=pulumi.Output.concat(logs.arn, ":*")
                ),
                tags=self.tags,
            ),
            self.child([role]),
        )

    def _create(self, bucket_name: str) -> str:
        table = self.context.table
        return current.create(table, f"s3://{bucket_name}/{current.name(table)}/")

    def _machine_role(self, name: str, args: MergeScheduleArgs, machine_name: str) -> ServiceRole:
        """https://docs.aws.amazon.com/step-functions/latest/dg/athena-iam.html, for these tables and prefixes alone."""
        context, table = self.context, self.context.table
        database = pulumi.Output.from_input(args.database_name)
        machine_arn = context.arn("states", f"stateMachine:{machine_name}")

        def of_bucket(prefix: str) -> pulumi.Output[str]:
            return pulumi.Output.concat(args.bucket_arn, "/", prefix, "/*")

        def catalogue(*tables: str) -> tuple[pulumi.Output[str], ...]:
            named = (context.arn("glue", pulumi.Output.concat("table/", database, "/", one)) for one in tables)
            return (
                context.arn("glue", "catalog"),
                context.arn("glue", pulumi.Output.concat("database/", database)),
                *named,
            )

        written = (
            current.name(table),
            current.unmerged_name(table),
            *(one.name for one in current.state_views(table)),
        )
        return ServiceRole(
            f"{name}-role",
            self,
            PART,
            service="states.amazonaws.com",
            # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
            conditions=context.from_source(machine_arn),
            permissions=[
                Permission(("states:ListExecutions",), (machine_arn,)),
                Permission(
                    ("athena:GetQueryExecution", "athena:StartQueryExecution", "athena:StopQueryExecution"),
                    (context.arn("athena", pulumi.Output.concat("workgroup/", args.workgroup_name)),),
                ),
                Permission(("athena:GetDataCatalog",), (context.arn("athena", "datacatalog/AwsDataCatalog"),)),
                Permission(("glue:GetDatabase", "glue:GetTable"), catalogue(table.change_log, *written)),
                # "Configure access to your catalog and database per AWS Region":
                # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
                Permission(("glue:GetDatabase",), (context.arn("glue", "database/default"),)),
                Permission(("glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"), catalogue(*written)),
                Permission(
                    ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"), (args.bucket_arn,)
                ),
                Permission(("s3:GetObject",), (of_bucket(table.change_log),)),
                Permission(_ROWS, (of_bucket(current.name(table)), of_bucket(QUERY_RESULTS.rstrip("/")))),
                # DROP TABLE deletes an Iceberg table's objects.
                Permission(("s3:DeleteObject",), (of_bucket(current.name(table)),)),
                Permission(_DELIVERS_LOGS, (ANY,)),
                *context.key_use("s3"),
            ],
        )

    def _schedule(self, name: str, machine: aws.sfn.StateMachine, queue: Queue) -> None:
        context = self.context
        minutes = context.settings.merge_interval_minutes
        role = ServiceRole(
            f"{name}-schedule-role",
            self,
            _SCHEDULE_PART,
            service="scheduler.amazonaws.com",
            # The source is the schedule's group:
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
            conditions=context.from_source(context.arn("scheduler", "schedule-group/default")),
            permissions=[
                Permission(("states:StartExecution",), (machine.arn,)),
                Permission(("sqs:SendMessage",), (queue.arn,)),
                *context.key_use("sqs"),
            ],
        )
        aws.scheduler.Schedule(
            name,
            aws.scheduler.ScheduleArgs(
                name=context.names(PART),
                description=f"Merges the changes of the {context.table.entity} table into its current state",
                schedule_expression=f"rate({minutes} minutes)",
                flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                target=aws.scheduler.ScheduleTargetArgs(
                    arn=machine.arn,
                    role_arn=role.arn,
                    dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=queue.arn),
                    retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                        maximum_event_age_in_seconds=60 * minutes, maximum_retry_attempts=185
                    ),
                ),
            ),
            self.child([role, queue]),
        )
