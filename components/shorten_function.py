"""The Lambda function that shortens changes that are too large for Firehose."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.function import Function, FunctionArgs
from components.stage import Context

HANDLER = "transform.shorten.handler"

LEAST_MEMORY_MB = 512
"""Lambda's largest payload, 6 MB of JSON (Lambda quotas), takes about 170 MB of Python objects if it has only empty
strings.
"""

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class ShortenFunctionArgs:
    """The function's zip, which is the transform's."""

    code: pulumi.Archive


class ShortenFunction(Function):
    """The enrichment of the Pipe of large changes; it reserves no concurrency, because its load is low.

    Exports `function_name`, `function_arn` and `qualified_arn`, like every Function.
    """

    def __init__(
        self, name: str, args: ShortenFunctionArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(
            "Shorten",
            name,
            FunctionArgs(
                code=args.code,
                part="shorten",
                description=f"Large changes of the {context.table.entity} table, shortened to Firehose's limit",
                handler=HANDLER,
                memory_mb=max(context.settings.lambda_memory_mb, LEAST_MEMORY_MB),
                timeout_seconds=TIMEOUT_SECONDS,
            ),
            context,
            opts,
        )
