"""Step Functions: a definition is one of the Amazon States Language.

The codes are those of https://docs.aws.amazon.com/step-functions/latest/apireference/
API_ValidateStateMachineDefinitionDiagnostic.html; the sandbox refuses also what it does not run.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses
from sandbox.states.language import document


@refuses("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
def definition(asked: Asked) -> ServiceError | None:
    """A machine's definition is valid."""
    text = asked.get("definition")
    if text is None:
        return None
    try:
        document(text)
    except ValueError as error:
        return ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'")
    return None
