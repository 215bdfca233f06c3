"""The fast writer's requests against botocore's own, for arbitrary items, tokens and dates."""

import base64
import importlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock, patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.compiled import native
from loadgen.dynamodb import signing
from loadgen.dynamodb.item import fragment
from loadgen.dynamodb.reference import with_binaries
from loadgen.dynamodb.signing import OPERATIONS, Constants, HashlibConstants, Keys, NativeConstants, Signer, quickest
from loadgen.dynamodb.writes import CLOSING, Call, Write, batch, opening, transaction

# botocore has no types.
AUTH: Any = importlib.import_module("botocore.auth")
AWSREQUEST: Any = importlib.import_module("botocore.awsrequest")
CREDENTIALS: Any = importlib.import_module("botocore.credentials")
SERIALIZER: Any = importlib.import_module("botocore.serialize").create_serializer("json")
SERVICE: Any = importlib.import_module("botocore.session").get_session().get_service_model("dynamodb")

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=50)
numbers = st.decimals(allow_nan=False, allow_infinity=False).map(str)
binaries = st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode())
scalars: st.SearchStrategy[dict[str, Any]] = st.one_of(
    texts.map(lambda text: {"S": text}),
    numbers.map(lambda number: {"N": number}),
    binaries.map(lambda text: {"B": text}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.lists(texts, min_size=1, max_size=3, unique=True).map(lambda values: {"SS": values}),
    st.lists(binaries, min_size=1, max_size=3, unique=True).map(lambda values: {"BS": values}),
)
attributes: st.SearchStrategy[dict[str, Any]] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"L": values}),
        st.dictionaries(names, inner, max_size=3).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)
items = st.dictionaries(names, attributes, min_size=1, max_size=5)
access_keys = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=20)
secrets = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+", min_size=20, max_size=60)
tokens = st.none() | st.text("abcdefghijklmnopqrstuvwxyz0123456789/+=", min_size=1, max_size=300)
moments = st.integers(min_value=0, max_value=4_102_444_799)
KEYS = Keys("AK", "secret")
hosts = st.sampled_from(["dynamodb.eu-west-1.amazonaws.com", "127.0.0.1:4566", "localhost:8443"])


def put(item: dict[str, Any]) -> Write:
    pieces = (opening("orders"), b'"Item":{', fragment(item).text[1:], b"}", CLOSING)
    return Write("PutItem", pieces, "insert", "orders", "key", 1, 1)


WAYS = [
    HashlibConstants,
    pytest.param(NativeConstants, marks=pytest.mark.skipif(native is None, reason="nothing is compiled")),
]
each_way = pytest.mark.parametrize("way", WAYS)


def signer(way: Callable[[], Constants], moment: int = 0, keys: Keys = KEYS, host: str = "host") -> Signer:
    return Signer(keys, "eu-west-1", host, clock=lambda: moment, constants=way)


def head_and_body(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST / HTTP/1.1"
    return {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}, body


@each_way
@settings(max_examples=60, deadline=None)
@given(item=items, access_key=access_keys, secret=secrets, token=tokens, moment=moments, host=hosts)
def test_a_request_is_signed_as_botocore_signs_it(
    way: Callable[[], Constants],
    item: dict[str, Any],
    access_key: str,
    secret: str,
    token: str | None,
    moment: int,
    host: str,
) -> None:
    keys = Keys(access_key, secret, token)
    call = put(item)
    (request,) = signer(way, moment, keys, host).requests([call])
    headers, body = head_and_body(request)

    theirs = AWSREQUEST.AWSRequest(
        "POST",
        f"https://{host}/",
        data=body,
        headers={"Content-Type": headers["content-type"], "X-Amz-Target": headers["x-amz-target"]},
    )
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(moment, UTC)):
        AUTH.SigV4Auth(CREDENTIALS.Credentials(access_key, secret, token), "dynamodb", "eu-west-1").add_auth(theirs)

    assert headers["authorization"] == theirs.headers["Authorization"]
    assert headers["x-amz-date"] == theirs.headers["X-Amz-Date"]
    assert headers.get("x-amz-security-token") == theirs.headers.get("X-Amz-Security-Token")
    assert int(headers["content-length"]) == len(body)


@each_way
@given(moments=st.lists(moments, min_size=2, max_size=6), item=items)
def test_what_is_kept_between_requests_never_goes_stale(
    way: Callable[[], Constants], moments: list[int], item: dict[str, Any]
) -> None:
    clock = iter(moments)
    call = put(item)
    kept = Signer(KEYS, "eu-west-1", "host", clock=lambda: next(clock), constants=way)
    for moment in moments:
        assert kept.requests([call]) == signer(way, moment).requests([call])


pieces = st.binary(max_size=300) | st.sampled_from([0, 1, 55, 56, 63, 64, 65, 128, 200_000]).map(bytes)
calls = st.builds(
    Call,
    st.sampled_from(OPERATIONS),
    st.lists(pieces, max_size=5) | st.lists(pieces, max_size=5).map(tuple),
)


@pytest.mark.skipif(native is None, reason="nothing is compiled")
@pytest.mark.parametrize("instructions", [True, False])
@settings(deadline=None)
@given(several=st.lists(calls, max_size=5), moment=moments, host=st.text("abc.", max_size=200))
def test_what_is_compiled_makes_the_same_requests(
    instructions: bool, several: list[Call], moment: int, host: str
) -> None:
    assert native is not None
    native.instructions(instructions)
    try:
        made = signer(NativeConstants, moment, host=host).requests(several)
    finally:
        native.instructions(True)
    assert made == signer(HashlibConstants, moment, host=host).requests(several)


@pytest.mark.skipif(native is None, reason="nothing is compiled")
@pytest.mark.parametrize(
    ("call", "error"),
    [
        (Call("ListTables", [b"{}"]), KeyError),
        (Call("PutItem", ["{}"]), TypeError),  # pyright: ignore[reportArgumentType]
        (Call("PutItem", "{}"), TypeError),  # pyright: ignore[reportArgumentType]
        (object(), AttributeError),
    ],
)
def test_what_cannot_be_signed_is_an_error_and_not_a_crash(call: Any, error: type[Exception]) -> None:
    one = signer(NativeConstants)
    with pytest.raises(error):
        one.requests([put({"a": {"S": "b"}}), call])


@pytest.mark.skipif(native is None, reason="nothing is compiled")
@pytest.mark.parametrize("arguments", [(), (1,), (1, 2, 3, 4), ([], {}, b"", b""), ([], {}, bytes(104), "")])
def test_wrong_arguments_are_an_error_and_not_a_crash(arguments: Any) -> None:
    requests: Any = native and native.requests
    with pytest.raises((TypeError, ValueError)):
        requests(*arguments)


class OnDemand(dict[str, tuple[bytes, bytes]]):
    """Makes its values each time, so that nothing else holds them."""

    def __getitem__(self, target: str) -> tuple[bytes, bytes]:
        assert native is not None
        return b"head", native.state(b"canonical " + target.encode())


class Clears:
    """A call that empties its list when it is accessed."""

    pieces = (b"{}",)

    def __init__(self, calls: list[Any]) -> None:
        self.calls = calls

    @property
    def target(self) -> str:
        self.calls.clear()
        return "PutItem"


@pytest.mark.skipif(native is None, reason="nothing is compiled")
def test_what_is_compiled_holds_on_to_what_it_uses() -> None:
    assert native is not None
    state, several = native.state(b"key"), [Call(operation, [b"{}" * 300]) for operation in OPERATIONS]
    kept = {operation: OnDemand()[operation] for operation in OPERATIONS}
    assert native.requests(several, OnDemand(), state, state) == native.requests(several, kept, state, state)
    calls: list[Any] = []
    calls += [Clears(calls), Clears(calls)]
    with pytest.raises(IndexError):
        native.requests(calls, kept, state, state)


@pytest.mark.parametrize(("instructions", "kind"), [(0, HashlibConstants), (1, NativeConstants)])
def test_hashlib_signs_where_the_processor_has_no_instructions(
    monkeypatch: pytest.MonkeyPatch, instructions: int, kind: type[Constants]
) -> None:
    monkeypatch.setattr(signing, "native", Mock(instructions=Mock(return_value=instructions)))
    assert type(quickest()) is kind
    monkeypatch.setattr(signing, "native", None)
    assert type(quickest()) is HashlibConstants


@settings(max_examples=60, deadline=None)
@given(item=items)
def test_a_put_has_the_body_that_botocore_makes_of_the_same_item(item: dict[str, Any]) -> None:
    ours = put(item).body
    parameters = with_binaries(msgspec.json.decode(ours))
    theirs = SERIALIZER.serialize_to_request(parameters, SERVICE.operation_model("PutItem"))
    assert json.loads(ours) == json.loads(theirs["body"])
    assert theirs["headers"]["X-Amz-Target"] == "DynamoDB_20120810.PutItem"
    assert theirs["headers"]["Content-Type"] == "application/x-amz-json-1.0"


@settings(max_examples=25, deadline=None)
@given(several=st.lists(items, min_size=1, max_size=25))
def test_a_batch_has_the_body_that_botocore_makes_of_the_same_items(several: list[dict[str, Any]]) -> None:
    ours = batch([put(item) for item in several]).body
    parameters = with_binaries(msgspec.json.decode(ours))
    theirs = SERIALIZER.serialize_to_request(parameters, SERVICE.operation_model("BatchWriteItem"))
    assert json.loads(ours) == json.loads(theirs["body"])


@settings(max_examples=25, deadline=None)
@given(
    several=st.lists(items, min_size=1, max_size=4),
    key=items,
    token=st.text("0123456789abcdef-", min_size=1, max_size=36),
)
def test_a_transaction_has_the_body_that_botocore_makes_of_the_same_writes(
    several: list[dict[str, Any]], key: dict[str, Any], token: str
) -> None:
    pieces = (opening("other"), b'"Key":' + msgspec.json.encode(key), CLOSING)
    delete = Write("DeleteItem", pieces, "delete", "other", "key", 1, 1)
    ours = transaction((*(put(item) for item in several), delete), token)
    assert ours.target == "TransactWriteItems"
    parameters = with_binaries(msgspec.json.decode(ours.body))
    theirs = SERIALIZER.serialize_to_request(parameters, SERVICE.operation_model("TransactWriteItems"))
    assert json.loads(ours.body) == json.loads(theirs["body"])
    puts = [{"Put": {"TableName": "orders", "Item": item}} for item in several]
    assert json.loads(ours.body)["TransactItems"] == [*puts, {"Delete": {"TableName": "other", "Key": key}}]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_target_header_names_the_api_as_the_service_model_does(operation: str) -> None:
    (request,) = signer(HashlibConstants).requests([Call(operation, (b"{}",))])
    found = re.search(rb"X-Amz-Target: (\S+)", request)
    assert found is not None
    assert found[1].decode() == f"{SERVICE.metadata['targetPrefix']}.{operation}"
    assert operation in SERVICE.operation_names
