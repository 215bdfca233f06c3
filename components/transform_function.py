"""The Lambda function that turns change events into rows, with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.metrics import TRANSFORM_NAMESPACE
from components.permission import ANY, Permission
from components.role import ServiceRole
from components.stage import Site, Stage

HANDLER = "transform.handler.handler"


@dataclass(frozen=True)
class TransformFunctionArgs:
    """What the function needs: its zip."""

    code: pulumi.Archive


class TransformFunction(Stage):
    """The function, its log group and its role, which may write its own logs and traces and nothing else.

    Gives `function_name`, `function_arn` and `qualified_arn`, which names
    the version too, as Firehose wants it.
    """

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    qualified_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: TransformFunctionArgs, site: Site, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Transform", name, site, opts)
        settings = site.settings
        function_name = site.names("transform")
        logs = aws.cloudwatch.LogGroup(
            name,
            aws.cloudwatch.LogGroupArgs(
                name=f"/aws/lambda/{function_name}",
                retention_in_days=settings.log_retention_days,
                kms_key_id=site.key_arn,
                tags=self.tags,
            ),
            self.child(),
        )
        trace = Permission(("xray:PutTelemetryRecords", "xray:PutTraceSegments"), (ANY,))
        role = ServiceRole(
            f"{name}-role",
            self,
            "transform",
            service="lambda.amazonaws.com",
            # Its trust policy in the Developer Guide has no condition:
            # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
            conditions=site.for_this_account(),
            permissions=[
                Permission(
                    ("logs:CreateLogStream", "logs:PutLogEvents"), (pulumi.Output.concat(logs.arn, ":log-stream:*"),)
                ),
                *([trace] if settings.lambda_tracing else []),
            ],
        )
        function = aws.lambda_.Function(
            name,
            aws.lambda_.FunctionArgs(
                name=function_name,
                description=f"Firehose transform: a change of the {site.table.entity} table to a row of the lake",
                role=role.arn,
                code=args.code,
                handler=HANDLER,
                runtime=settings.runtime,
                architectures=[settings.architecture],
                memory_size=settings.lambda_memory_mb,
                timeout=settings.lambda_timeout_seconds,
                # Firehose waits for the answer and writes what fails to errors/ itself: a dead-letter
                # queue of the function's own is for asynchronous calls, and would stay empty.
                reserved_concurrent_executions=settings.lambda_concurrency or None,
                environment=aws.lambda_.FunctionEnvironmentArgs(
                    variables={"TRANSFORM_METRICS_NAMESPACE": TRANSFORM_NAMESPACE}
                ),
                # The transform's counts are a line at INFO: a higher level would lose its metrics.
                logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                    log_format="JSON", log_group=logs.name, application_log_level="INFO", system_log_level="WARN"
                ),
                tracing_config=aws.lambda_.FunctionTracingConfigArgs(
                    mode="Active" if settings.lambda_tracing else "PassThrough"
                ),
                tags=self.tags,
            ),
            self.child([role, logs]),
        )
        self.function_name = function.name
        self.function_arn = function.arn
        self.qualified_arn = pulumi.Output.concat(function.arn, ":$LATEST")
        self.register_outputs({"function_name": self.function_name, "function_arn": self.function_arn})
