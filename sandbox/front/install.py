"""Puts this package's stores in the place of moto's, before anything is created in them.

moto looks these names up in its modules whenever it makes one, so that its own
code works on our items, streams and shards, whoever calls it.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import Any, cast

import moto.backends
import moto.core.responses
import moto.dynamodb.models.table
import moto.kinesis.models
import moto.s3.notifications
import msgspec
from moto.core.common_models import BaseModel
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.events.models import Rule
from moto.events.utils import EventTemplateParser
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL

from sandbox.front.bucket_events import tell_default_bus
from sandbox.front.events import target_input, to_queue
from sandbox.front.items import StoredItem
from sandbox.front.kinesis import Shard
from sandbox.front.stream import Change, StreamShard
from sandbox.front.tables import Key, find, place, tell


def install() -> None:
    """Change moto, once for the life of the process."""
    # moto keeps every object that it ever made, for the dashboard of its stock server.
    _replace(BaseModel, "__new__", _new)
    # It finds these out for every request, though they cannot change.
    modules = tuple(moto.backends.list_of_moto_modules())
    _replace(moto.backends, "list_of_moto_modules", lambda: modules)
    _replace(moto.core.responses, "method_names_from_class", cache(method_names_from_class))
    _replace(moto.dynamodb.models.table, "Item", StoredItem)
    _replace(moto.dynamodb.models.table, "StreamShard", StreamShard)
    _replace(moto.kinesis.models, "Shard", Shard)
    _replace(moto.s3.notifications, "_send_event_bridge_message", tell_default_bus)
    _replace(FakeBucket, "get_permission", _unconditional_permission)
    _replace(FakeBucket, "_log_permissions_enabled_policy", staticmethod(_lets_logs_in))
    _replace(EventTemplateParser, "parse", staticmethod(target_input))
    send: Any = vars(Rule)["_send_to_sqs_queue"]
    _replace(Rule, "_send_to_sqs_queue", to_queue(send))
    _replace(DynamoDBBackend, "update_item", _atomic_update(DynamoDBBackend.update_item))
    _replace(DynamoDBBackend, "transact_write_items", _atomic_transaction(DynamoDBBackend.transact_write_items))


def _new(cls: type[BaseModel], *_: object, **__: object) -> BaseModel:
    return object.__new__(cls)


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _unconditional_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What the bucket's policy says of an action, by those of its statements that have no condition.

    moto takes a condition that does not hold for a refusal. What conditions ask
    here (that the connection is encrypted, who the caller is) is not so in a
    sandbox, and would keep everybody out of the buckets of a careful program.
    """
    document: dict[str, Any] = msgspec.json.decode(bucket.policy) if bucket.policy else {}
    statements: Any = document.get("Statement", [])
    unconditional = [statement for statement in _listed(statements) if not statement.get("Condition")]
    policy = msgspec.json.encode({**document, "Statement": unconditional}).decode()
    return IAMPolicy(policy).is_action_permitted(action, resource)


def _lets_logs_in(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets S3's log delivery write: moto reads no other form than one text a member.

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


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _atomic_update(original: Any) -> Any:
    """moto's update, which changes the item in place and tells the stream of each step, as one change of an item.

    When it fails, the item is as before, and a new one is not there.
    """

    def update_item(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        table = backend.get_table(table_name)
        place_of = Key(*backend.get_keys_value(table, key))
        old = new = find(table, place_of)
        if old is not None:
            place(table, place_of, old.as_moto())
        try:
            with ExitStack() as stack:
                _hold(table, stack)
                # An item that is not there yet is made by moto, which goes on to change it.
                _replace(moto.dynamodb.models.table, "Item", Item)
                stack.callback(_replace, moto.dynamodb.models.table, "Item", StoredItem)
                changed = original(backend, table_name, key, *args, **kwargs)
            new = _stored(place_of, changed)
        finally:
            place(table, place_of, new)
        tell(table, old, new)
        return new

    return update_item


def _atomic_transaction(original: Any) -> Any:
    """moto's transaction, whose changes reach the streams only if all are made."""

    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> Any:
        try:
            with ExitStack() as stack:
                held = [(table, _hold(table, stack)) for table in backend.tables.values()]
                result = original(backend, transact_items)
        finally:
            # To undo, moto puts a copy of the table in its place.
            for table in backend.tables.values():
                if table.stream_shard is not None:
                    table.stream_shard.table = table
        for table, changes in held:
            for old, new in changes:
                tell(table, old, new)
        return result

    return transact_write_items


def _stored(key: Key, item: Any) -> StoredItem:
    return StoredItem.of(key.hash, key.range, item.to_json()["Attributes"])


def _hold(table: Table, stack: ExitStack) -> list[Change]:
    """The changes of a table's items from now until the stack is left, which its stream is not told."""
    shard: Any = table.stream_shard
    return stack.enter_context(shard.held()) if isinstance(shard, StreamShard) else []
