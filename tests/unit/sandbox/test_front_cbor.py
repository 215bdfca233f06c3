"""CloudWatch in Smithy's RPC v2 CBOR, as aws-sdk-go-v2 speaks it, written and read by botocore's own codec."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from sandbox.awsjson import authorization
from sandbox.front.control import Control, parse
from sandbox.front.control.cbor import answered
from sandbox.front.reply import Reply, Request

serializers: Any = import_module("botocore.serialize")
parsers: Any = import_module("botocore.parsers")
MODEL: Any = import_module("botocore.session").get_session().get_service_model("cloudwatch")
# The body that service/cloudwatch v1.76.0 of aws-sdk-go-v2 sends for PutMetricAlarm(ALARM and more). Its maps and
# lists have no stated length, which RFC 8949 (3.2.2) allows and botocore never writes.
FROM_GO = bytes.fromhex(
    "bf6e416374696f6e73456e61626c6564f469416c61726d4e616d65646c61746572436f6d70617269736f6e4f70657261746f7274477265617465"
    "725468616e5468726573686f6c646a44696d656e73696f6e739fbf644e616d656951756575654e616d656556616c75656171ffff714576616c"
    "756174696f6e506572696f6473036a4d65747269634e616d65614d694e616d657370616365614e66506572696f64183c6953746174697374"
    "6963674d6178696d756d64546167739fbf634b657961616556616c75656162ffff695468726573686f6c64fb3ff8000000000000ff"
)


def called(operation: str, body: bytes) -> Request:
    headers = [
        ("authorization", authorization("eu-west-1", "monitoring")),
        ("content-type", "application/cbor"),
        ("accept", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
    ]
    return Request("POST", f"/service/GraniteServiceVersion20100801/operation/{operation}", "", headers, body)


def encoded(operation: str, parameters: dict[str, Any]) -> bytes:
    body = bytearray()
    shape = MODEL.operation_model(operation).input_shape
    serializers.CBORSerializer()._serialize_data_item(body, parameters, shape)
    return bytes(body)


def decoded(operation: str, reply: Reply) -> dict[str, Any]:
    response = {"status_code": reply.status, "headers": dict(reply.headers), "body": reply.body}
    return parsers.RpcV2CBORParser().parse(response, MODEL.operation_model(operation).output_shape)


def moto(status: int, body: str) -> Callable[[Request], Reply]:
    def answer(_: Request) -> Reply:
        return Reply(status, [("content-type", "text/xml")], body.encode())

    return answer


ALARM: dict[str, Any] = {
    "AlarmName": "late",
    "ActionsEnabled": False,
    "Dimensions": [{"Name": "QueueName", "Value": "q"}],
    "EvaluationPeriods": 3,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanThreshold",
}


def test_a_call_is_the_same_call_in_the_service_s_own_protocol() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(200, [], b"<PutMetricAlarmResponse/>")

    reply = answered(called("PutMetricAlarm", encoded("PutMetricAlarm", ALARM)), answer)
    assert reply is not None
    assert (reply.status, dict(reply.headers)["smithy-protocol"], reply.body) == (200, "rpc-v2-cbor", b"\xa0")
    call = parse(seen[0])
    assert call is not None
    assert (call.service, call.operation, call.protocol, call.parameters) == (
        "cloudwatch",
        "PutMetricAlarm",
        "query",
        ALARM,
    )


def test_go_s_own_bytes_are_read() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(200, [], b"<PutMetricAlarmResponse/>")

    answered(called("PutMetricAlarm", FROM_GO), answer)
    call = parse(seen[0])
    assert call is not None
    metric = {"Namespace": "N", "MetricName": "M", "Period": 60, "Statistic": "Maximum"}
    assert call.parameters == {**ALARM, **metric, "Tags": [{"Key": "a", "Value": "b"}]}


def test_an_answer_comes_back_with_its_types() -> None:
    xml = """<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member>
        <AlarmName>late</AlarmName><Threshold>1.5</Threshold><ActionsEnabled>false</ActionsEnabled>
        <EvaluationPeriods>3</EvaluationPeriods>
        <StateUpdatedTimestamp>2026-01-02T03:04:05Z</StateUpdatedTimestamp>
        <Dimensions><member><Name>QueueName</Name><Value>q</Value></member></Dimensions>
        </member></MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>"""
    reply = Control(moto(200, xml))(called("DescribeAlarms", encoded("DescribeAlarms", {"AlarmNames": ["late"]})))
    (alarm,) = decoded("DescribeAlarms", reply)["MetricAlarms"]
    assert alarm.pop("StateUpdatedTimestamp").isoformat() == "2026-01-02T03:04:05+00:00"
    assert alarm == {name: ALARM[name] for name in alarm}


@pytest.mark.parametrize(
    ("code", "shape"),
    [("ResourceNotFound", "DashboardNotFoundError"), ("InternalServiceFault", "InternalServiceFault")],
)
def test_an_error_has_its_shape_s_name_and_the_code_of_the_old_protocol(code: str, shape: str) -> None:
    # https://smithy.io/2.0/aws/protocols/aws-query-protocol.html has x-amzn-query-error for clients of before.
    xml = f"<ErrorResponse><Error><Code>{code}</Code><Message>gone</Message></Error></ErrorResponse>"
    body = encoded("GetDashboard", {"DashboardName": "d"})
    reply = Control(moto(404, xml))(called("GetDashboard", body))
    assert reply.status == 404
    assert dict(reply.headers)["x-amzn-query-error"] == f"{code};Sender"
    parser = parsers.RpcV2CBORParser()
    fields = parser.parse_data_item(parser.get_peekable_stream_from_bytes(reply.body))
    assert fields == {"__type": shape, "message": "gone"}
