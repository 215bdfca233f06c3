"""The calls that AWS refuses: the sandbox refuses them before moto acts, with AWS's code and sentence.

Most refusals need no code: the service first checks the lengths, ranges, patterns and enumerations of botocore's model
(`constraints`). Rules that are in no model (a member that excludes a second one, a policy that locks its author out, an
invalid dashboard) are functions per operation, one module per service. A sentence is AWS's, as recorded on an account;
its source is beside it, or with the rule of `components/audit` that a test ties to it.

Calls that only read or delete, and data calls, are not checked, except those to S3's objects (`objects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.front.reply import ServiceError
from sandbox.refusals import constraints
from sandbox.refusals.registry import Asked, first_of, load, of

__all__ = ["refuse"]

load()


def refuse(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Return AWS's error for a call, or None if AWS accepts it.

    `service` is botocore's name, `parameters` are in botocore's shape. As on AWS, the model's constraints are checked
    first.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    asked = Asked(operation, region, given)
    errors = (
        *(check(asked) for check in first_of(service, operation)),
        constraints.refuse(service, operation, given),
    )
    error = next((error for error in errors if error is not None), None)
    if error is not None:
        return error
    later = (check(asked) for check in of(service, operation))
    return next((error for error in later if error is not None), None)
