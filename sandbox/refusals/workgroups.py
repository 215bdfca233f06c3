"""Athena: rules of a workgroup's configuration.

rules/athena of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields
from sandbox.refusals.registry import Asked, refuses

_ENGINES = frozenset(
    {"AUTO", "Athena engine version 2", "Athena engine version 3", "PySpark engine version 3"},
)
_WITH_KEY = frozenset({"SSE_KMS", "CSE_KMS"})


@refuses("athena", "CreateWorkGroup", "UpdateWorkGroup")
def configuration(asked: Asked) -> ServiceError | None:
    """Refuse an output location outside S3, KMS encryption without a key, and an engine version that does not exist."""
    given = fields(asked.get("Configuration") or asked.get("ConfigurationUpdates"))
    results = fields(given.get("ResultConfiguration") or given.get("ResultConfigurationUpdates"))
    location = results.get("OutputLocation")
    if location and not location.startswith("s3://"):
        return _invalid("OutputLocation is not a valid S3 path.")
    encryption = fields(results.get("EncryptionConfiguration"))
    if encryption.get("EncryptionOption") in _WITH_KEY and not encryption.get("KmsKey"):
        return _invalid("KMS Customer Master Key ID is null or empty")
    engine = fields(given.get("EngineVersion")).get("SelectedEngineVersion")
    if engine and engine not in _ENGINES:
        return _invalid("The selected engine version is not valid.")
    return None


@refuses("athena", "DeleteWorkGroup")
def primary(asked: Asked) -> ServiceError | None:
    """Refuse to delete the primary workgroup.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html has the sentence.
    """
    return _invalid("The primary workgroup cannot be deleted.") if asked.get("WorkGroup") == "primary" else None


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("InvalidRequestException", sentence)
