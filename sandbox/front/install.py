"""The replacement of moto's stores by this package's, before anything is created in them.

moto looks these names up in its modules whenever it creates an object, so that its own code uses the engine's items,
streams and shards for every caller.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import moto.backends
import moto.core.responses
import moto.core.utils
import moto.dynamodb.models.table
import moto.kinesis.models
import moto.s3.models
import moto.s3.notifications
import moto.s3.responses
import msgspec
from moto.core.common_models import BaseModel
from moto.core.loaders import Loader, moto_root
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.events.models import EventsBackend, Rule
from moto.events.utils import EventTemplateParser
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL, compute_checksum
from moto.sqs.models import Queue, SQSBackend
from werkzeug.routing import Rule as WerkzeugRule

from sandbox.front.bucket_events import publish_to_default_bus
from sandbox.front.checksums import computing_checksum
from sandbox.front.contents import refusing_contents
from sandbox.front.counting.queues import counting_deleted, counting_received, counting_sent
from sandbox.front.deleted_queues import DeletedQueues
from sandbox.front.events import refusing_sources, target_input, to_queue
from sandbox.front.long_polls import without_waiting
from sandbox.front.saving.bodies import StoredBody
from sandbox.front.saving.messages import recording_added
from sandbox.front.saving.objects import KeyStore, Uploads
from sandbox.front.stream import StreamShard
from sandbox.front.table_streams import set_specification
from sandbox.front.tables import item_count, keep, kept_of, moto_items, put_moto_item, size_bytes
from sandbox.kinesis.shard import StoredShard
from sandbox.models import ModelFiles, ModelLoader


class _MotoLoader(ModelLoader, Loader):
    """Reads a service's model with moto's additions."""


def install() -> None:
    """Patch moto, once in the life of the process."""
    # moto keeps every object that it ever created, for the dashboard of its stock server.
    _replace(BaseModel, "__new__", _new)
    # moto computes these for every request, though they cannot change.
    modules = tuple(moto.backends.list_of_moto_modules())
    _replace(moto.backends, "list_of_moto_modules", lambda: modules)
    _replace(moto.core.responses, "method_names_from_class", cache(method_names_from_class))
    # moto makes a loader for every service, each of which lists all services.
    loader = _MotoLoader(file_loader=ModelFiles(), extra_search_paths=[moto_root])
    _replace(moto.core.utils, "create_loader", lambda: loader)
    # werkzeug compiles for each of a service's routes how to make its URL, which moto never does.
    _replace(WerkzeugRule, "_compile_builder", _no_builder)
    _replace(moto.dynamodb.models.table, "StreamShard", StreamShard)
    _replace(moto.kinesis.models, "Shard", StoredShard)
    _replace(moto.s3.notifications, "_send_event_bridge_message", publish_to_default_bus)
    _save_one_by_one()
    _replace(FakeBucket, "get_permission", _unconditional_permission)
    _replace(FakeBucket, "_log_permissions_enabled_policy", staticmethod(_allows_log_delivery))
    _replace(EventTemplateParser, "parse", staticmethod(target_input))
    send: Any = vars(Rule)["_send_to_sqs_queue"]
    _replace(Rule, "_send_to_sqs_queue", to_queue(send))
    _replace(EventsBackend, "put_events", refusing_sources(EventsBackend.put_events))
    _take_items()
    _replace(Table, "set_stream_specification", set_specification)
    _replace(DynamoDBBackend, "update_table_streams", _switch_stream)
    _replace(DynamoDBBackend, "update_table", _keeping_definitions(DynamoDBBackend.update_table))


def _save_one_by_one() -> None:
    """Replace the stores of S3's objects and SQS's messages by stores that save each element separately."""
    _replace(moto.s3.models, "tempfile", SimpleNamespace(SpooledTemporaryFile=StoredBody))
    for module in (moto.s3.models, moto.s3.responses):
        _replace(module, "compute_checksum", computing_checksum(compute_checksum))
    _replace(moto.s3.models, "_VersionedKeyStore", KeyStore)
    _replace(moto.s3.models, "MultipartDict", Uploads)
    _replace(Queue, "add_message", counting_sent(recording_added(Queue.add_message)))
    validate: Any = vars(SQSBackend)["_validate_message"]
    _replace(SQSBackend, "_validate_message", refusing_contents(validate))
    _replace(SQSBackend, "receive_message", counting_received(without_waiting(SQSBackend.receive_message)))
    _replace(SQSBackend, "delete_message", counting_deleted(SQSBackend.delete_message))
    deleted = DeletedQueues()
    _replace(SQSBackend, "create_queue", deleted.refusing(SQSBackend.create_queue))
    _replace(SQSBackend, "delete_queue", deleted.remembering(SQSBackend.delete_queue))


def _new(cls: type[BaseModel], *_: object, **__: object) -> BaseModel:
    return object.__new__(cls)


def _no_builder(route: WerkzeugRule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG001 - the method's parameter
    def refuse(*_: object) -> tuple[str, str]:
        raise NotImplementedError(f"the sandbox makes no URL of {route.rule}")

    return refuse


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _unconditional_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Evaluate an action against the statements of the bucket's policy that have no condition.

    moto treats an unmet condition as a refusal. The usual conditions (that the connection is encrypted, who the caller
    is) are not met in a sandbox, and would deny every client access to the buckets of a secure program.
    """
    document: dict[str, Any] = msgspec.json.decode(bucket.policy) if bucket.policy else {}
    statements: Any = document.get("Statement", [])
    unconditional = [statement for statement in _listed(statements) if not statement.get("Condition")]
    policy = msgspec.json.encode({**document, "Statement": unconditional}).decode()
    return IAMPolicy(policy).is_action_permitted(action, resource)


def _allows_log_delivery(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Return whether a bucket's policy allows S3's log delivery; moto only reads members that are single texts.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    policy: dict[str, Any] = msgspec.json.decode(target_bucket.policy) if target_bucket.policy else {}
    root = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}"
    wanted = {root, f"{root}/*", f"{root}/{target_prefix or ''}*"}
    for statement in _listed(policy.get("Statement", [])):
        principal: dict[str, Any] | str = statement.get("Principal", "")
        services = [principal] if isinstance(principal, str) else _listed(principal.get("Service", []))
        if (
            statement.get("Effect") == "Allow"
            and {LOGGING_SERVICE_PRINCIPAL, "*"} & set(services)
            and "s3:PutObject" in _listed(statement.get("Action", []))
            and wanted & set(_listed(statement.get("Resource", [])))
        ):
            return True
    return False


def _switch_stream(_: DynamoDBBackend, table: Table, specification: dict[str, Any]) -> None:
    """Switch a table's stream; moto's own method does not allow a disabled one to be enabled again."""
    table.set_stream_specification(specification)


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _take_items() -> None:
    """Make moto's tables use the engine's items."""
    items = property(kept_of, keep, doc="The engine's state of a table's items; moto copies it for backups.")
    _replace(Table, "items", items)
    _replace(Table, "__len__", item_count)
    _replace(Table, "all_items", moto_items)
    _replace(Table, "put_item", put_moto_item)
    _replace(Table, "describe", _with_size(Table.describe))


def _with_size(original: Any) -> Any:
    """Wrap moto's description of a table, whose size in bytes is always zero."""

    def describe(table: Table, base_key: str = "TableDescription") -> dict[str, Any]:
        described: dict[str, Any] = original(table, base_key=base_key)
        described[base_key]["TableSizeBytes"] = size_bytes(table)
        return described

    return describe


def _keeping_definitions(original: Any) -> Any:
    """Wrap moto's update of a table, which drops the attribute definitions that the request does not repeat."""

    def update_table(backend: DynamoDBBackend, name: str, attr_definitions: Any, **kwargs: Any) -> Any:
        listed: list[dict[str, str]] = [*backend.get_table(name).attr, *(attr_definitions or [])]
        definitions = {each["AttributeName"]: each for each in listed}
        table = original(backend, name, list(definitions.values()), **kwargs)
        table.attr = [each for each in table.attr if each["AttributeName"] in set(table.attribute_keys)]
        return table

    return update_table
