"""The refusal of unsigned requests, before anything else in them is read.

The sandbox verifies no signature, but the credential scope names the region and the service of a request. The sentences
are AWS's, as dynalite and kinesalite recorded them: architect/dynalite index.js, mhart/kinesalite index.js.
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import get_service_model

from sandbox.front.reply import Request, ServiceError

_CORAL = "com.amazon.coral.service#"
_SERVICES = {
    "AWSEvents": "events",
    "AWSGlue": "glue",
    "AmazonAthena": "athena",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "DynamoDB_20120810": "dynamodb",
    "Firehose_20150804": "firehose",
    "Kinesis_20131202": "kinesis",
    "Logs_20140328": "logs",
    "TrentService": "kms",
}
"""The services that require a signature, by the prefix of X-Amz-Target."""
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")


def refusal_of_unsigned(request: Request) -> ServiceError | None:
    """The error of an unsigned request that requires a signature; None if it needs none or its call is unknown."""
    headers = dict(request.headers)
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    service = _SERVICES.get(prefix)
    if service is None or "X-Amz-Algorithm=" in request.query:
        return None
    named = _CORAL if service.startswith("dynamodb") else ""
    model: Any = get_service_model(service)
    if operation not in model.operation_names:
        return ServiceError(f"{named}UnknownOperationException", f"{service} has no operation {operation!r}.")
    authorization = headers.get("authorization", "").strip()
    if not authorization.startswith("AWS4-"):
        request_is = "Request is missing" if named else "Missing"
        return ServiceError(f"{named}MissingAuthenticationTokenException", f"{request_is} Authentication Token")
    fields = dict(part.split("=", 1) for part in authorization.replace(",", " ").split() if "=" in part)
    wrong = [f"Authorization header requires '{name}' parameter. " for name in _PARAMETERS if not fields.get(name)]
    if not ({"x-amz-date", "date"} & headers.keys()):
        wrong.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    sentence = "".join(wrong) + f"Authorization={authorization}" if wrong else _scope_sentence(fields["Credential"])
    return ServiceError(f"{named}IncompleteSignatureException", sentence)


def _scope_sentence(credential: str) -> str:
    return (
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        f"got '{credential}'"
    )
