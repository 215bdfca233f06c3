"""The transform and its contenders: each receives Firehose's event and returns a response.

Every peer does the transform's whole work: base64, the event's JSON, the image's DynamoDB types, the row of the
schema's columns with the images, JSON, base64. A floor does only a part, to show the cost of the rest.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any

Handler = Callable[[dict[str, Any]], dict[str, Any]]
Plain = Mapping[str, Any]


class Contender:
    """A contender by name; `load` imports its dependencies. `does_all` is False for a floor."""

    def __init__(self, title: str, load: Callable[[], Handler], *, does_all: bool = True) -> None:
        self.title = title
        self.load = load
        self.does_all = does_all


def _each(transform: Callable[[str], str]) -> Handler:
    """A handler that transforms a record's base64 to the row's."""

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        return {
            "records": [
                {"recordId": record["recordId"], "result": "Ok", "data": transform(record["data"])}
                for record in event["records"]
            ]
        }

    return handle


def _row(
    event: dict[str, Any], deserialize: Callable[[dict[str, Any]], Plain], dumps: Callable[[Any], Any]
) -> dict[str, Any]:
    """The row, as typically written around a library that decodes an image to plain values."""
    schema = import_module("transform.schema")
    change = event["dynamodb"]
    image = change["OldImage"] if event["eventName"] == "REMOVE" else change["NewImage"]
    plain = deserialize(image)
    row: dict[str, Any] = {
        "event_id": event["eventID"],
        "op": event["eventName"],
        "sequence": f"{int(change['ApproximateCreationDateTime']):012}0{change['SequenceNumber']:0>40}",
        "changed_at": change["ApproximateCreationDateTime"],
    }
    for column in schema.TABLE.columns:
        value: Any = plain
        for name in column.attribute:
            value = None if value is None else value.get(name)
        row[column.name] = value
    for name, key in (("before", "OldImage"), ("after", "NewImage")):
        text = dumps(change[key]) if key in change else None
        row[name] = text.decode() if isinstance(text, bytes) else text
    return row


def _ours() -> Handler:
    """The transform in a process that keeps freed memory, like that of transform/handler.py."""
    import_module("transform.compiled").keep_memory()
    return _transform()


def _transform() -> Handler:
    batch = import_module("transform.batch")
    schema = import_module("transform.schema")
    settings = import_module("transform.settings")
    transform = batch.Transform(schema.TABLE, settings.FunctionSettings())
    return lambda event: {"records": transform.answer(event["records"])[0]}


def _ours_carefully() -> Handler:
    """The transform for a batch whose records all take the slow path."""
    batch = import_module("transform.batch")
    fast_path = import_module("transform.fast_path")
    schema = import_module("transform.schema")
    settings = import_module("transform.settings")
    transform = batch.Transform(schema.TABLE, settings.FunctionSettings())

    def nothing_is_fast(records: list[object]) -> Any:
        return fast_path.no_rows(len(records))

    transform._fast_path.write = nothing_is_fast
    return lambda event: {"records": transform.answer(event["records"])[0]}


def _as_number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | frozenset):
        return [*value]
    return bytes(value).decode("latin-1")


def _blueprint() -> Handler:
    """Like AWS's Firehose blueprints and most tutorials: the standard library and boto3."""
    read = import_module("boto3.dynamodb.types").TypeDeserializer().deserialize

    def deserialize(image: dict[str, Any]) -> Plain:
        return {name: read(value) for name, value in image.items()}

    def transform(data: str) -> str:
        row = _row(json.loads(base64.b64decode(data)), deserialize, json.dumps)
        return base64.b64encode((json.dumps(row, default=_as_number) + "\n").encode()).decode()

    return _each(transform)


def _powertools() -> Handler:
    """aws-lambda-powertools: its event classes, its response, its deserialiser."""
    firehose = import_module("aws_lambda_powertools.utilities.data_classes.kinesis_firehose_event")
    dynamodb = import_module("aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event")

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        answer = firehose.KinesisFirehoseDataTransformationResponse()
        for record in firehose.KinesisFirehoseEvent(event).records:
            change = record.data_as_json
            read = dynamodb.DynamoDBRecord(change).dynamodb

            def deserialize(_: dict[str, Any], read: Any = read) -> Plain:
                return read.new_image or read.old_image

            processed = firehose.KinesisFirehoseDataTransformationRecord(record_id=record.record_id)
            row = _row(change, deserialize, json.dumps)
            processed.data = base64.b64encode((json.dumps(row, default=_as_number) + "\n").encode()).decode()
            answer.add_record(processed)
        return answer.asdict()

    return handle


def _dynamodb_json() -> Handler:
    loads = import_module("dynamodb_json.json_util").loads

    def transform(data: str) -> str:
        row = _row(json.loads(base64.b64decode(data)), loads, json.dumps)
        return base64.b64encode((json.dumps(row, default=_as_number) + "\n").encode()).decode()

    return _each(transform)


def _dynojson() -> Handler:
    unmarshall = import_module("dynojson").unmarshall

    def transform(data: str) -> str:
        row = _row(
            json.loads(base64.b64decode(data)), lambda image: json.loads(unmarshall(json.dumps(image))), json.dumps
        )
        return base64.b64encode((json.dumps(row) + "\n").encode()).decode()

    return _each(transform)


def _orjson_ddb() -> Handler:
    ddb = import_module("orjson_ddb")

    def transform(data: str) -> str:
        row = _row(
            json.loads(base64.b64decode(data)), lambda image: ddb.loads(ddb.dumps({"Item": image}))["Item"], ddb.dumps
        )
        return base64.b64encode(ddb.dumps(row, default=_as_number) + b"\n").decode()

    return _each(transform)


def _orjson_walk() -> Handler:
    """orjson and a recursive function, written for speed."""
    orjson = import_module("orjson")

    def walk(attribute: dict[str, Any]) -> Any:
        ((kind, value),) = attribute.items()
        match kind:
            case "N":
                return float(value) if "." in value or "E" in value else int(value)
            case "M":
                return {name: walk(member) for name, member in value.items()}
            case "L":
                return [walk(element) for element in value]
            case "NS":
                return [walk({"N": number}) for number in value]
            case "NULL":
                return None
            case _:
                return value

    def transform(data: str) -> str:
        row = _row(
            orjson.loads(base64.b64decode(data)),
            lambda image: {name: walk(value) for name, value in image.items()},
            orjson.dumps,
        )
        return base64.b64encode(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)).decode()

    return _each(transform)


def _orjson_round_trip(fast_base64: bool) -> Callable[[], Handler]:
    def load() -> Handler:
        orjson = import_module("orjson")
        decode, encode = _base64(fast_base64)
        return _each(lambda data: encode(orjson.dumps(orjson.loads(decode(data)))))

    return load


def _orjson_alone() -> Handler:
    """The records' bytes parsed and serialised as JSON, without base64."""
    orjson = import_module("orjson")
    contents: dict[int, list[bytes]] = {}

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        if id(event) not in contents:
            contents[id(event)] = [base64.b64decode(record["data"]) for record in event["records"]]
        for content in contents[id(event)]:
            orjson.dumps(orjson.loads(content))
        return event

    return handle


def _base64_only(fast: bool) -> Callable[[], Handler]:
    def load() -> Handler:
        decode, encode = _base64(fast)
        return _each(lambda data: encode(decode(data)))

    return load


def _base64(fast: bool) -> tuple[Callable[[str], bytes], Callable[[bytes], str]]:
    if not fast:
        return base64.b64decode, lambda data: base64.b64encode(data).decode()
    pybase64 = import_module("pybase64")
    decode, encode = pybase64.b64decode, pybase64.b64encode_as_string
    return lambda data: decode(data, None, True), encode


def _runtime() -> Handler:
    """The work of Lambda's Python runtime for any handler: the event from JSON, and a response of the same size to
    JSON.
    """
    simplejson = import_module("simplejson")
    texts: dict[int, str] = {}

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        text = texts.setdefault(id(event), json.dumps(event))
        simplejson.loads(text)
        simplejson.dumps(
            {"records": [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]}
        )
        return event

    return handle


def _invocation(*, kept: bool) -> Callable[[], Handler]:
    """A whole invocation: the event from JSON by Lambda's own runtime, this transform, its response to JSON.

    `kept`: whether the process keeps freed memory, as that of transform/handler.py does.
    """

    def load() -> Handler:
        simplejson = import_module("simplejson")
        # As lambda_runtime_marshaller.py of awslambdaric 4.2.2 does it.
        encode = simplejson.JSONEncoder(use_decimal=False, allow_nan=True).encode
        if kept:
            import_module("transform.compiled").keep_memory()
        answer = _transform()
        requests: dict[int, bytes] = {}

        def handle(event: dict[str, Any]) -> dict[str, Any]:
            if id(event) not in requests:
                requests[id(event)] = json.dumps(event).encode()
            # Each request comes in new memory, and a response leaves as bytes.
            request = bytes(bytearray(requests[id(event)]))
            return {"response": encode(answer(simplejson.loads(request))).encode()}

        return handle

    return load


CONTENDERS = {
    "ours": Contender("this transform", _ours),
    "ours-carefully": Contender("this transform, slow path alone", _ours_carefully),
    "blueprint": Contender("blueprint: base64, json, boto3", _blueprint),
    "powertools": Contender("aws-lambda-powertools", _powertools),
    "dynamodb-json": Contender("dynamodb-json", _dynamodb_json),
    "dynojson": Contender("dynojson", _dynojson),
    "orjson-ddb": Contender("orjson-ddb", _orjson_ddb),
    "orjson-walk": Contender("orjson and a recursive walk", _orjson_walk),
    "orjson-trip": Contender("floor: base64, orjson round trip", _orjson_round_trip(fast_base64=False), does_all=False),
    "orjson-trip-fast": Contender(
        "floor: pybase64, orjson round trip", _orjson_round_trip(fast_base64=True), does_all=False
    ),
    "orjson-alone": Contender("floor: orjson round trip, no base64", _orjson_alone, does_all=False),
    "base64": Contender("floor: base64 alone", _base64_only(fast=False), does_all=False),
    "pybase64": Contender("floor: pybase64 alone", _base64_only(fast=True), does_all=False),
    "runtime": Contender("beside all: Lambda's own JSON", _runtime, does_all=False),
    "invocation": Contender("Lambda's own JSON and this transform", _invocation(kept=True), does_all=False),
    "invocation-freed": Contender("the same, freed memory not kept", _invocation(kept=False), does_all=False),
}
