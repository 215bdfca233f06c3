"""boto3 clients for the pipeline's services, typed with the calls that the lake makes."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from stack import StackOutputs, UserError, credentials

_CONNECTIONS = 16
_REPLY = "RawReply"
_HTTP_ERRORS = 300
# A shard accepts five GetRecords a second from all its readers together, including Firehose, and refuses more:
# https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html. Other services keep botocore's three.
_ATTEMPTS = {"kinesis": 12}


class AthenaClient(Protocol):
    """The methods of boto3's Athena client that the lake uses."""

    def start_query_execution(self, **request: object) -> dict[str, Any]:
        """Submit a statement."""
        ...

    def get_query_execution(self, **request: object) -> dict[str, Any]:
        """Get a statement's state."""
        ...

    def get_query_results(self, **request: object) -> dict[str, Any]:
        """Fetch a page of results."""
        ...

    def stop_query_execution(self, **request: object) -> dict[str, Any]:
        """Cancel a statement."""
        ...

    def list_named_queries(self, **request: object) -> dict[str, Any]:
        """Fetch a page of a workgroup's saved queries' ids."""
        ...

    def get_named_query(self, **request: object) -> dict[str, Any]:
        """Fetch one saved query."""
        ...


class DynamoDBClient(Protocol):
    """The methods of boto3's DynamoDB client that the lake uses."""

    @property
    def meta(self) -> Any:
        """boto3's ClientMeta, with the hooks of its events."""
        ...

    def scan(self, **request: object) -> dict[str, Any]:
        """Read a page of a table's segment."""
        ...

    def batch_get_item(self, **request: object) -> dict[str, Any]:
        """Read items by key."""
        ...


class StreamsClient(Protocol):
    """The methods of boto3's DynamoDB Streams client that the lake uses."""

    @property
    def meta(self) -> Any:
        """boto3's ClientMeta, with the hooks of its events."""
        ...

    def describe_stream(self, **request: object) -> dict[str, Any]:
        """Describe a page of a stream's shards."""
        ...

    def get_shard_iterator(self, **request: object) -> dict[str, Any]:
        """Get an iterator at a position of a shard."""
        ...

    def get_records(self, **request: object) -> dict[str, Any]:
        """Read from an iterator."""
        ...


class SqsClient(Protocol):
    """The methods of boto3's SQS client that the lake uses."""

    def get_queue_attributes(self, **request: object) -> dict[str, Any]:
        """Read a queue's attributes."""
        ...

    def receive_message(self, **request: object) -> dict[str, Any]:
        """Take some messages."""
        ...

    def delete_message(self, **request: object) -> dict[str, Any]:
        """Delete one message."""
        ...

    def change_message_visibility(self, **request: object) -> dict[str, Any]:
        """Change a message's visibility timeout."""
        ...


class _WithEvents(Protocol):
    @property
    def meta(self) -> Any: ...


class FirehoseClient(Protocol):
    """The methods of boto3's Firehose client that the lake uses."""

    def describe_delivery_stream(self, **request: object) -> dict[str, Any]:
        """Describe a delivery stream's configuration."""
        ...


def client(service: str, outputs: StackOutputs) -> Any:
    """Create a boto3 client for `service` at the outputs' endpoint and region; the caller sets its type.

    Raises: UserError: the region is unknown or boto3 is not installed.
    """
    # Imported lazily because it takes longer than the rest of a short command.
    try:
        boto3 = import_module("boto3")
    except ModuleNotFoundError:
        raise UserError("The lake's commands need boto3: `pip install '.[lake]'` in the checkout adds it.") from None
    config = import_module("botocore.config")
    given = credentials(outputs)
    return boto3.client(
        service,
        region_name=outputs.require("region"),
        endpoint_url=outputs.endpoint_url,
        aws_access_key_id=given and given.access_key,
        aws_secret_access_key=given and given.secret_key,
        config=config.Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS.get(service, 3)},
            max_pool_connections=_CONNECTIONS,
            connect_timeout=5,
        ),
    )


def keep_reply(client: _WithEvents, service: str, operation: str) -> None:
    """Make a client return an operation's reply unparsed, for `reply_of`.

    boto3's parser takes a hundred microseconds for an item. Its requests, signatures, errors and retries are unchanged.
    """
    client.meta.events.register(f"before-parse.{service}.{operation}", _keep, unique_id=f"{_REPLY}.{operation}")


def _keep(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    if response_dict["status_code"] < _HTTP_ERRORS:
        customized_response_dict[_REPLY] = response_dict["body"]
        response_dict["body"] = b"{}"


def reply_of(response: dict[str, Any]) -> bytes:
    """Return the reply's bytes."""
    return response[_REPLY]


def error_code(error: Exception) -> str:
    """Return the code of AWS's error response (botocore's ClientError); empty for any other exception."""
    return getattr(error, "response", {}).get("Error", {}).get("Code", "")


def error_message(error: Exception) -> str:
    """Return the message of AWS's error response; otherwise that of the exception."""
    return getattr(error, "response", {}).get("Error", {}).get("Message", "") or str(error)
