"""What AWS refuses, refused by the sandbox: before moto acts, with AWS's code and in AWS's sentence.

Most refusals need no line of their own: the length, the range, the pattern and
the few values that botocore's model gives a member are what the service checks
first (`constraints`). What a model cannot say (one member that excludes another,
a policy that locks its author out, a dashboard that is none) is a function for
the operation, one module a service. A sentence is AWS's own, as recorded by who
has an account; where it comes from stands beside it, or with the rule of
`components/audit` that a test ties it to.

Not refused: what only reads or deletes, and every call that carries data.
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
    """The error with which AWS answers a call, or None where AWS does not refuse.

    `service` is botocore's name of it, `parameters` are as botocore shapes them.
    As at AWS, what the model forbids comes first.
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
