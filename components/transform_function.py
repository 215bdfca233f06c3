"""The Lambda function that converts change events to rows."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.function import Function, FunctionArgs
from components.metrics import TRANSFORM_NAMESPACE
from components.stage import Context

HANDLER = "transform.handler.handler"


@dataclass(frozen=True)
class TransformFunctionArgs:
    """The function's zip."""

    code: pulumi.Archive


class TransformFunction(Function):
    """The function that Firehose invokes for each batch; the stack's `lambda` settings set its memory, timeout and
    concurrency.

    Exports `function_name`, `function_arn` and `qualified_arn`, like every Function.
    """

    def __init__(
        self, name: str, args: TransformFunctionArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings = context.settings
        super().__init__(
            "Transform",
            name,
            FunctionArgs(
                code=args.code,
                part="transform",
                description=f"Firehose transform: a change of the {context.table.entity} table to a row of the lake",
                handler=HANDLER,
                memory_mb=settings.lambda_memory_mb,
                timeout_seconds=settings.lambda_timeout_seconds,
                concurrency=settings.lambda_concurrency,
                variables={"TRANSFORM_METRICS_NAMESPACE": TRANSFORM_NAMESPACE},
            ),
            context,
            opts,
        )
