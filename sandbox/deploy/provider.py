"""The AWS provider's settings, from the stack's `aws:` configuration or from an explicit provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.deploy.api import Aws, ServiceClients
from sandbox.deploy.inputs import Inputs
from sandbox.errors import SandboxError
from sandbox.state import ACCOUNT_ID, DEFAULT_REGION

TYPE = "pulumi:providers:aws"

_OF_AWS = "the sandbox has its own endpoint and credentials"
WITHOUT_EFFECT: Mapping[str, str] = dict.fromkeys(
    (
        *("accessKey", "secretKey", "token", "profile", "assumeRoles", "assumeRoleWithWebIdentity"),
        *("sharedConfigFiles", "sharedCredentialsFiles", "endpoints", "s3UsePathStyle", "insecure", "httpProxy"),
        *("httpsProxy", "noProxy", "customCaBundle", "maxRetries", "retryMode", "s3UsEast1RegionalEndpoint"),
        *("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
        *("stsRegion", "useDualstackEndpoint", "useFipsEndpoint", "ec2MetadataServiceEndpoint", "version"),
        *("ec2MetadataServiceEndpointMode", "tokenBucketRateLimiterCapacity", "userAgents", "pluginDownloadURL"),
    ),
    _OF_AWS,
)
"""Settings of the provider that are accepted without effect, each with the reason."""


def aws_of(endpoint: ServiceClients, settings: Mapping[str, Any]) -> Aws:
    """AWS for a provider with these settings.

    Settings other than strings are JSON text, both in a stack's file and in an explicit provider.

    Raises:
        SandboxError: a setting is unsupported, or the account is not allowed.
    """
    inputs = Inputs({name: _decoded(value) for name, value in settings.items()})
    region = inputs.text("region") or DEFAULT_REGION
    tags = inputs.block("defaultTags")
    default_tags = tags.mapping("tags") if tags else {}
    allowed, forbidden = inputs.strings("allowedAccountIds"), inputs.strings("forbiddenAccountIds")
    if ACCOUNT_ID in forbidden or (allowed and ACCOUNT_ID not in allowed):
        raise SandboxError(
            f"the provider's settings forbid the account {ACCOUNT_ID}, which is the sandbox's: "
            "add it to aws:allowedAccountIds, or deploy a different stack to the sandbox"
        )
    unread = [path for path in inputs.unread() if path.partition(".")[0].partition("[")[0] not in WITHOUT_EFFECT]
    if unread:
        raise SandboxError(f"the sandbox does not support these settings of the provider: {', '.join(unread)}")
    return Aws(endpoint, region, default_tags)


def _decoded(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
