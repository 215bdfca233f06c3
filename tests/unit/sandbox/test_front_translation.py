"""Calls in a protocol that moto does not speak, as current clients sent them, and their answers."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import msgspec
import pytest

from sandbox.awsjson import authorization
from sandbox.front import cbor
from sandbox.front.control import ControlPlane, parse
from sandbox.front.control.translation import Translation, translation_of
from sandbox.front.reply import HttpReply, Request

# The bodies that clients sent, each recorded from the client: for PutMetricData of one metric with a time,
# aws-sdk-java-v2 2.57.8, boto3 1.44.8 and the AWS CLI 1.46.3; for PutMetricAlarm service/cloudwatch v1.76.0 of
# aws-sdk-go-v2, whose maps and lists have no stated length, as RFC 8949 (3.2.2) allows; for Kinesis the SDK for Java.
FROM_JAVA = bytes.fromhex(
    "bf694e616d657370616365614e6a4d65747269634461746181bf6a4d65747269634e616d65616d6954696d657374616d70c1fb41da55cd696b64"
    "5a6556616c7565fa3fc00000ffff"
)
FROM_BOTO3 = b'{"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.5, "Timestamp": 1767323045.678}]}'
FROM_CLI = b'{"Namespace": "N", "MetricData": [{"MetricName": "m", "Timestamp": 1767323045, "Value": 1.5}]}'
FROM_GO = bytes.fromhex(
    "bf6e416374696f6e73456e61626c6564f469416c61726d4e616d65646c61746572436f6d70617269736f6e4f70657261746f7274477265617465"
    "725468616e5468726573686f6c646a44696d656e73696f6e739fbf644e616d656951756575654e616d656556616c75656171ffff714576616c"
    "756174696f6e506572696f6473036a4d65747269634e616d65614d694e616d657370616365614e66506572696f64183c6953746174697374"
    "6963674d6178696d756d64546167739fbf634b657961616556616c75656162ffff695468726573686f6c64fb3ff8000000000000ff"
)
PUT_RECORDS_FROM_JAVA = bytes.fromhex(
    "bf675265636f7264739fbf64446174614200ff6c506172746974696f6e4b65796161ffff6a53747265616d4e616d656173ff"
)
AT = datetime(2026, 1, 2, 3, 4, 5, 678000)
ALARM: dict[str, Any] = {
    "AlarmName": "late",
    "ActionsEnabled": False,
    "Dimensions": [{"Name": "QueueName", "Value": "q"}],
    "EvaluationPeriods": 3,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Namespace": "N",
    "MetricName": "M",
    "Period": 60,
    "Statistic": "Maximum",
    "Tags": [{"Key": "a", "Value": "b"}],
}


def rpc(operation: str, body: bytes) -> Request:
    headers = [
        ("authorization", authorization("eu-west-1", "monitoring")),
        ("content-type", "application/cbor"),
        ("accept", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
    ]
    return Request("POST", f"/service/GraniteServiceVersion20100801/operation/{operation}", "", headers, body)


def in_json(operation: str, body: bytes, *more: tuple[str, str]) -> Request:
    headers = [
        ("authorization", authorization("eu-west-1", "monitoring")),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", f"GraniteServiceVersion20100801.{operation}"),
        ("x-amzn-query-mode", "true"),
        *more,
    ]
    return Request("POST", "/", "", headers, body)


def in_aws_cbor(operation: str, body: bytes) -> Request:
    headers = [
        ("authorization", authorization("eu-west-1", "kinesis")),
        ("content-type", "application/x-amz-cbor-1.1"),
        ("x-amz-target", f"Kinesis_20131202.{operation}"),
    ]
    return Request("POST", "/", "", headers, body)


def translated(request: Request) -> Translation:
    translation = translation_of(request)
    assert translation is not None
    return translation


def moto(status: int, body: str) -> Callable[[Request], HttpReply]:
    return lambda _: HttpReply(status, [("content-type", "text/xml")], body.encode())


@pytest.mark.parametrize(
    ("request_", "at"),
    [
        (rpc("PutMetricData", FROM_JAVA), AT),
        (in_json("PutMetricData", FROM_BOTO3), AT),
        (in_json("PutMetricData", gzip.compress(FROM_BOTO3), ("content-encoding", "gzip")), AT),
        (in_json("PutMetricData", FROM_CLI), AT.replace(microsecond=0)),
    ],
    ids=["java", "boto3", "boto3, compressed", "cli"],
)
def test_a_metric_from_a_current_client_is_the_same_call_in_cloudwatch_s_older_protocol(
    request_: Request, at: datetime
) -> None:
    call = parse(translated(request_).request)
    assert call is not None
    assert (call.service, call.operation, call.protocol) == ("cloudwatch", "PutMetricData", "query")
    (metric,) = call.parameters["MetricData"]
    assert abs(metric.pop("Timestamp").replace(tzinfo=None) - at).total_seconds() < 0.001
    assert (call.parameters["Namespace"], metric) == ("N", {"MetricName": "m", "Value": 1.5})


def test_go_s_own_bytes_are_read() -> None:
    call = parse(translated(rpc("PutMetricAlarm", FROM_GO)).request)
    assert call is not None
    assert call.parameters == ALARM


def test_a_record_from_java_is_the_same_call_in_json() -> None:
    translation = translated(in_aws_cbor("PutRecords", PUT_RECORDS_FROM_JAVA))
    headers = dict(translation.request.headers)
    assert headers["x-amz-target"] == "Kinesis_20131202.PutRecords"
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert msgspec.json.decode(translation.request.body) == {
        "StreamName": "s",
        "Records": [{"Data": "AP8=", "PartitionKey": "a"}],
    }


def test_what_the_model_does_not_have_is_left_out() -> None:
    body = cbor.encode({"ShardIterator": "x", "OfTomorrow": {"a": 1}, "Limit": None}, cbor.MILLISECONDS)
    translation = translated(in_aws_cbor("GetRecords", body))
    assert msgspec.json.decode(translation.request.body) == {"ShardIterator": "x"}


def test_records_come_back_with_blobs_and_times() -> None:
    translation = translated(in_aws_cbor("GetRecords", b"\xbf\xff"))
    inner = b'{"Records": [{"ApproximateArrivalTimestamp": 1767323045.678, "Data": "AP8=", "PartitionKey": "a"}]}'
    reply = translation.reply(HttpReply(200, [], inner))
    (record,) = cbor.decode(reply.body, cbor.MILLISECONDS)["Records"]
    assert record == {"ApproximateArrivalTimestamp": AT.replace(tzinfo=UTC), "Data": b"\x00\xff", "PartitionKey": "a"}
    assert dict(reply.headers)["content-type"] == "application/x-amz-cbor-1.1"


ALARMS = """<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member>
    <AlarmName>late</AlarmName><Threshold>1.5</Threshold><ActionsEnabled>false</ActionsEnabled>
    <EvaluationPeriods>3</EvaluationPeriods><StateUpdatedTimestamp>2026-01-02T03:04:05Z</StateUpdatedTimestamp>
    <Dimensions><member><Name>QueueName</Name><Value>q</Value></member></Dimensions>
    </member></MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>"""


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "json"])
def test_an_answer_comes_back_with_its_types(protocol: str) -> None:
    """Read by botocore's parsers of both protocols."""
    names = {"AlarmNames": ["late"]}
    asked = (
        in_json("DescribeAlarms", msgspec.json.encode(names))
        if protocol == "json"
        else rpc("DescribeAlarms", cbor.encode(names, cbor.SECONDS))
    )
    reply = ControlPlane(moto(200, ALARMS))(asked)
    parsers: Any = import_module("botocore.parsers")
    parser = {"json": parsers.JSONParser, "smithy-rpc-v2-cbor": parsers.RpcV2CBORParser}[protocol]()
    model: Any = import_module("botocore.session").get_session().get_service_model("cloudwatch")
    response = {"status_code": reply.status, "headers": dict(reply.headers), "body": reply.body}
    (alarm,) = parser.parse(response, model.operation_model("DescribeAlarms").output_shape)["MetricAlarms"]
    assert alarm.pop("StateUpdatedTimestamp").timestamp() == AT.replace(microsecond=0, tzinfo=UTC).timestamp()
    assert alarm == {name: ALARM[name] for name in alarm}
    assert len(alarm) == 5


@pytest.mark.parametrize(
    ("code", "shape"),
    [("ResourceNotFound", "DashboardNotFoundError"), ("InternalServiceFault", "InternalServiceFault")],
)
def test_an_error_has_its_shape_s_name_and_the_code_of_the_older_protocol(code: str, shape: str) -> None:
    """https://smithy.io/2.0/aws/protocols/aws-query-protocol.html has x-amzn-query-error for clients of before."""
    xml = f"<ErrorResponse><Error><Code>{code}</Code><Message>gone</Message></Error></ErrorResponse>"
    for asked in (
        rpc("GetDashboard", cbor.encode({"DashboardName": "d"}, cbor.SECONDS)),
        in_json("GetDashboard", b'{"DashboardName": "d"}'),
    ):
        reply = ControlPlane(moto(404, xml))(asked)
        assert reply.status == 404
        assert dict(reply.headers)["x-amzn-query-error"] == f"{code};Sender"
        in_cbor = dict(reply.headers)["content-type"] == "application/cbor"
        fields = cbor.decode(reply.body, cbor.SECONDS) if in_cbor else msgspec.json.decode(reply.body)
        assert fields == {"__type": shape, "message": "gone"}


@pytest.mark.parametrize("body", [b"\xff", b"\x01", b"\xbf\x6aMetricData\x01\xff"])
def test_a_body_of_another_form_is_an_error_in_the_same_protocol(body: bytes) -> None:
    reply = ControlPlane(moto(200, ""))(rpc("PutMetricData", body))
    assert reply.status == 400
    fields = cbor.decode(reply.body, cbor.SECONDS)
    assert fields["__type"] == "SerializationException"
    assert "PutMetricData" in fields["message"]
