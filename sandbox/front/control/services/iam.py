"""IAM roles. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html"""

from __future__ import annotations

from moto.iam.models import IAMBackend, iam_backends

from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers
from sandbox.state import ACCOUNT_ID

_PARTITION = "aws"


@answers("iam", "UpdateRole")
def update_role(call: ControlCall) -> None:
    """Change a role's description and longest session; members that are not given stay, where moto resets them."""
    backend: IAMBackend = iam_backends[ACCOUNT_ID][_PARTITION]
    role = backend.get_role(call.parameters["RoleName"])
    role.description = call.parameters.get("Description", role.description)
    role.max_session_duration = call.parameters.get("MaxSessionDuration", role.max_session_duration)
