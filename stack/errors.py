"""The errors that a user can fix, from AWS or from the project, each reported as one sentence.

UserError                     one sentence on stderr, exit code 2
  anything `explain` knows    AWS's errors that the user can fix, as such a sentence
  everything else             a bug: its traceback is shown
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

from stack import commandline
from stack.commandline import user_error

_NO_CREDENTIALS = "give them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in AWS_PROFILE, or by `aws sso login`"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_UNREACHABLE = frozenset({"ConnectionError", "HTTPClientError", "IncompleteReadError"})
"""botocore's errors of connections: those of the first two classes it retries (botocore/retries/standard.py)."""
_MISCONFIGURED = frozenset(
    {
        "ConfigNotFound",
        "ConfigParseError",
        "CredentialRetrievalError",
        "InvalidChecksumConfigError",
        "InvalidConfigError",
        "InvalidDefaultsMode",
        "InvalidEndpointConfigurationError",
        "InvalidEndpointDiscoveryConfigurationError",
        "InvalidProxiesConfigError",
        "InvalidRetryConfigurationError",
        "InvalidS3UsEast1RegionalEndpointConfigError",
        "InvalidSTSRegionalEndpointsConfigError",
    }
)
_BUSY = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The codes that botocore retries, of botocore/retries/standard.py; it also retries the statuses of a server error."""
_SERVER_ERROR = 500
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_REJECTED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def run(main: Callable[[], int | None]) -> int:
    """Call `commandline.run`, and also report AWS's errors that the user can fix as one sentence."""
    return commandline.run(main, explain)


def explain(error: BaseException) -> str | None:
    """Return the sentence for an error that the user can fix; None for any other, which is a bug.

    It recognises UserError, botocore's errors of connections, configuration, credentials and permissions (aiobotocore
    raises the same), what AWS did not carry out in spite of retries, and exception groups that contain one of these.
    """
    if sentence := user_error(error):
        return sentence
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        sentences = (explain(member) for member in members)
        return next((sentence for sentence in sentences if sentence is not None), None)
    if isinstance(error, ValueError) and _module(error) == "botocore.configprovider":
        return _explain_configuration(error)
    # By name, because importing botocore takes longer than most commands.
    if any(base.__module__ == "botocore.exceptions" for base in type(error).__mro__):
        return _explain_botocore(error)
    return None


def _explain_botocore(error: BaseException) -> str | None:
    names = {base.__name__ for base in type(error).__mro__}
    if names & _UNREACHABLE:
        return _explain_unreachable(error)
    if names & _MISCONFIGURED:
        return _explain_configuration(error)
    if "NoCredentialsError" in names or "PartialCredentialsError" in names:
        return f"No AWS credentials were found: {_NO_CREDENTIALS}."
    if "ProfileNotFound" in names:
        return f"{_clause(str(error))}: correct AWS_PROFILE."
    if "InvalidRegionError" in names:
        return f"{_clause(str(error))}: correct --region, AWS_REGION or the region of the AWS configuration."
    if names & {"TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError"}:
        return f"The AWS single sign-on has expired ({_clause(str(error))}): run `aws sso login`."
    return _explain_answer(error) if "ClientError" in names else None


def _module(error: BaseException) -> str:
    """The module that raised an error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__")) if frames else ""


def _explain_configuration(error: BaseException) -> str:
    return f"The AWS configuration cannot be used ({_clause(str(error))}): correct it."


def _explain_unreachable(error: BaseException) -> str:
    endpoint = urlsplit(str(cast("Mapping[str, object]", getattr(error, "kwargs", {})).get("endpoint_url", "")))
    if endpoint.hostname in _LOOPBACK:
        here = f"{endpoint.scheme}://{endpoint.netloc}"
        return f"Nothing answers at {here}: run `python -m sandbox up` if it is the sandbox, or check --endpoint-url."
    return f"Cannot reach AWS ({_clause(str(error))}): check --endpoint-url, --region and the network."


def _explain_answer(error: BaseException) -> str | None:
    response = cast("Mapping[str, Mapping[str, str]]", getattr(error, "response", {}))
    operation = str(getattr(error, "operation_name", "the call"))
    details = response.get("Error", {})
    code, message = details.get("Code", ""), _clause(details.get("Message", ""))
    if code in _DENIED:
        return f"AWS denied {operation} ({message}): use credentials whose policy allows it."
    if code in _REJECTED:
        return f"AWS did not accept the credentials for {operation} ({message}): {_NO_CREDENTIALS}."
    if code == "ResourceNotFoundException":
        return f"{operation} did not find the resource ({message}): check the name, --region and --stack."
    if code in _BUSY or _status(error) >= _SERVER_ERROR:
        return f"AWS did not carry out {operation}, also when repeated ({message}): run the command again."
    return None


def _status(error: BaseException) -> int:
    """The HTTP status of AWS's reply, 0 where it is unknown."""
    response = cast("Mapping[str, Mapping[str, int]]", getattr(error, "response", {}))
    return response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _clause(text: str) -> str:
    """Format a message as part of a sentence: one line, no full stop."""
    return " ".join(text.split()).rstrip(".")
