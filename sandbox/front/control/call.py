"""A control call in terms of botocore's models: service, operation and parameters, whatever its protocol."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import unquote

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from sandbox.front.moto_app import environ_of
from sandbox.front.protocols import signed_for
from sandbox.front.reply import Request, ServiceError


@dataclass(frozen=True)
class ControlCall:
    """One request to one operation of a service.

    `service` is botocore's name of the service (cloudwatch, not monitoring; s3control), `operation` the API's name
    (CreateTable), `protocol` json, rest-json, rest-xml or query.
    """

    service: str
    operation: str
    region: str
    protocol: str
    request: Request
    model: OperationModel
    _moto_request: MotoRequest
    _path_parameters: Mapping[str, Any]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The request's members, with the names and types of botocore's model.

        A body member that was not sent is absent; path and query members are complete. Blobs are bytes, timestamps
        naive datetimes in UTC.

        Raises:
            ValueError: the request does not match the operation's input shape.
        """
        parser: Any = PROTOCOL_PARSERS[self.protocol](self.model)
        request = self._moto_request
        try:
            parsed: Any = parser.parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": self.request.body,
                    "url_path": request.path,
                    "url_params": dict(self._path_parameters),
                }
            )
        except (AttributeError, KeyError, TypeError, RequestParserError) as error:
            raise ValueError(f"the request is not of the form of {self.operation}: {error}") from error
        if not isinstance(parsed, dict):
            raise ValueError(f"the request is not of the form of {self.operation}: it is not an object")
        return cast("dict[str, Any]", parsed)

    @property
    def service_model(self) -> ServiceModel:
        """moto's model of the service, which is botocore's."""
        return self.model.service_model

    @property
    def output_shape(self) -> Any:
        """The operation's output: a structure shape of botocore."""
        model: Any = self.model
        return model.output_shape


def parse(request: Request) -> ControlCall | None:
    """Return the call of a request; None if botocore lacks it, it is not signed, or it carries an object.

    A call that reads or writes an object of S3 carries data, and its members are not needed here.
    """
    signed = signed_for(request)
    if signed is None:
        return None
    region, service = signed
    if service == "s3" and unquote(request.path).strip("/").count("/"):
        return None
    request = _plain(request)
    moto_request = MotoRequest(environ_of(request))
    try:
        model = get_service_model(service)
        protocol = determine_request_protocol(model, moto_request.content_type)
        router: Any = get_service_router(service)
        operation, path_parameters = router.match(moto_request)
    except (DataNotFoundError, NotFound, NotImplementedError, UnknownServiceError):
        return None
    return ControlCall(service, operation.name, region, protocol, request, operation, moto_request, path_parameters)


def _plain(request: Request) -> Request:
    """Return the request with its body decompressed.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html
    """
    if dict(request.headers).get("content-encoding") != "gzip":
        return request
    try:
        body = gzip.decompress(request.body)
    except (OSError, EOFError, zlib.error) as error:
        raise ServiceError("SerializationException", f"The body is not compressed by gzip: {error}") from None
    kept = [(name, value) for name, value in request.headers if name not in ("content-encoding", "content-length")]
    return request._replace(body=body, headers=kept)
