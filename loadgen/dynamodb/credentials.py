"""The fast writer's credentials and endpoint: explicit ones, or those of botocore's session.

The session follows the AWS configuration (environment, profile, single
sign-on, role, instance) and refreshes what expires.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from typing import Any, Protocol

from loadgen.dynamodb.signing import Keys
from loadgen.dynamodb.writer import Endpoint
from stack import UserError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class CredentialSource(Protocol):
    """Provides credentials that are valid now."""

    async def current(self) -> Keys:
        """Return the credentials, refreshed if they are about to expire."""
        ...


class Given:
    """Explicit credentials, which never change."""

    def __init__(self, keys: Keys) -> None:
        self._keys = _sendable(keys)

    async def current(self) -> Keys:
        """Return the explicit credentials."""
        return self._keys


class RefreshedCredentials:
    """Credentials that botocore finds and refreshes."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    async def current(self) -> Keys:
        """Return the session's credentials. A mandatory refresh that fails raises botocore's error."""
        # A refresh waits for a service, which must not block the sending.
        frozen = await asyncio.to_thread(self._credentials.get_frozen_credentials)
        return _sendable(Keys(frozen.access_key, frozen.secret_key, frozen.token))


async def discover(endpoint: Endpoint) -> tuple[CredentialSource, str]:
    """Return the source of credentials and the endpoint's URL. Raises: UserError: there are no credentials."""
    if endpoint.access_key is not None and endpoint.secret_key is not None and endpoint.url is not None:
        return Given(Keys(endpoint.access_key, endpoint.secret_key)), endpoint.url
    credentials, url = await asyncio.to_thread(_ask_botocore, endpoint)
    if credentials is None:
        raise UserError(
            "No AWS credentials were found: give them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "in AWS_PROFILE, or by `aws sso login`."
        )
    return RefreshedCredentials(credentials), url


def _sendable(keys: Keys) -> Keys:
    """Return credentials that can be in a header: RFC 9110, 5.5, allows no control character there.

    Raises: UserError: they have one, such as the carriage return of a file from Windows.
    """
    for name, value in (("AWS_ACCESS_KEY_ID", keys.access_key), ("AWS_SESSION_TOKEN", keys.token)):
        if _CONTROL.search(value or ""):
            raise UserError(f"{name} has a control character, such as a line break: correct it.")
    return keys


def _ask_botocore(endpoint: Endpoint) -> tuple[Any, str]:
    """Return the credentials (None: not configured) and the endpoint's URL. A request to a service takes seconds."""
    # Imported here because it is slow and not needed with explicit credentials and endpoint.
    session: Any = importlib.import_module("botocore.session").get_session()
    if endpoint.access_key is not None and endpoint.secret_key is not None:
        session.set_credentials(endpoint.access_key, endpoint.secret_key)
    credentials = session.get_credentials()
    if credentials is None:
        return None, ""
    client = session.create_client("dynamodb", region_name=endpoint.region, endpoint_url=endpoint.url)
    return credentials, str(client.meta.endpoint_url)
