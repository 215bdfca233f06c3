"""Step Functions: the validity of a definition in the Amazon States Language.

The codes are those of https://docs.aws.amazon.com/step-functions/latest/apireference/
API_ValidateStateMachineDefinitionDiagnostic.html; the sandbox also refuses features that it does not support.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses
from sandbox.states.language import document


@refuses("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
def definition(asked: Asked) -> ServiceError | None:
    """Refuse an invalid or unsupported definition."""
    text = asked.get("definition")
    if text is None:
        return None
    try:
        document(text)
    except ValueError as error:
        return ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'")
    return None
