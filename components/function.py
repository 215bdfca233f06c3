"""A Lambda function of the transform's zip, with its role and log group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.permission import ANY, Permission
from components.role import ServiceRole
from components.stage import Context, Stage


@dataclass(frozen=True)
class FunctionArgs:
    """A function's zip, the part's name, its description, and the handler in the zip.

    `timeout_seconds` limits an invocation. `concurrency` is the reserved concurrency, 0 for no reservation.
    """

    code: pulumi.Archive
    part: str
    description: str
    handler: str
    memory_mb: int
    timeout_seconds: int
    concurrency: int = 0
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


class Function(Stage):
    """A function, its log group and its role, which may only write its logs and traces.

    Exports `function_name`, `function_arn` and `qualified_arn`, which includes the version.
    """

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    qualified_arn: pulumi.Output[str]

    def __init__(
        self, kind: str, name: str, args: FunctionArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(kind, name, context, opts)
        settings = context.settings
        function_name = context.names(args.part)
        logs = aws.cloudwatch.LogGroup(
            name,
            aws.cloudwatch.LogGroupArgs(
                name=f"/aws/lambda/{function_name}",
                retention_in_days=settings.log_retention_days,
                kms_key_id=context.key_arn,
                tags=self.tags,
            ),
            self.child(),
        )
        role = self._role(name, args, logs)
        function = aws.lambda_.Function(
            name,
            aws.lambda_.FunctionArgs(
                name=function_name,
                description=args.description,
                role=role.arn,
                code=args.code,
                handler=args.handler,
                runtime=settings.runtime,
                architectures=[settings.architecture],
                memory_size=args.memory_mb,
                timeout=args.timeout_seconds,
                # Its callers are synchronous and store failed records themselves: a dead-letter queue of the function
                # is for asynchronous calls and would stay empty.
                reserved_concurrent_executions=args.concurrency or None,
                environment=aws.lambda_.FunctionEnvironmentArgs(variables=args.variables) if args.variables else None,
                # The function logs its metrics at INFO: a higher level would lose them.
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

    def _role(self, name: str, args: FunctionArgs, logs: aws.cloudwatch.LogGroup) -> ServiceRole:
        trace = Permission(("xray:PutTelemetryRecords", "xray:PutTraceSegments"), (ANY,))
        return ServiceRole(
            f"{name}-role",
            self,
            args.part,
            service="lambda.amazonaws.com",
            # Its trust policy in the Developer Guide has no condition:
            # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
            conditions=self.context.for_this_account(),
            permissions=[
                Permission(
                    ("logs:CreateLogStream", "logs:PutLogEvents"), (pulumi.Output.concat(logs.arn, ":log-stream:*"),)
                ),
                *([trace] if self.context.settings.lambda_tracing else []),
            ],
        )
