"""SNS subscriptions. https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html"""

from __future__ import annotations

from typing import Any

from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends

_CONFIRMED_BY_PEOPLE = frozenset({"email", "email-json"})


@amends("sns", "GetSubscriptionAttributes")
def pending(_: ControlCall, output: dict[str, Any]) -> None:
    """Keep an e-mail subscription pending, because the sandbox sends no mail."""
    attributes: dict[str, str] = output["Attributes"]
    if attributes.get("Protocol") in _CONFIRMED_BY_PEOPLE:
        attributes.update(PendingConfirmation="true", ConfirmationWasAuthenticated="false")
