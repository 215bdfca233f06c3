"""The check of replies against botocore's model finds each kind of fault, and nothing in a right reply."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from tests.reply_shapes import faults_of

JSON_FAULTS: list[tuple[object, str]] = [
    ({"StatementName": "s"}, "no member"),
    ({"PreparedStatement": {"StatementName": 5}}, "5 is no string"),
    ({"PreparedStatement": {"LastModifiedTime": True}}, "True is no timestamp"),
    ({"PreparedStatement": None}, "None is no structure"),
    ({"PreparedStatement": []}, "[] is no structure"),
]
XML_FAULTS = [
    ("<Topics><member><Arn>a</Arn></member></Topics>", "no member Arn"),
    ("<Topics><Topic><TopicArn>a</TopicArn></Topic></Topics>", "an item is called Topic"),
    ("<NextToken><a/></NextToken>", "elements in a string"),
]


def faults(service: str, operation: str, body: bytes) -> list[str]:
    model: Any = import_module("botocore.session").get_session().get_service_model(service)
    parser: Any = import_module("botocore.parsers").create_parser(model.metadata["protocol"])
    response: dict[str, Any] = {"body": body, "headers": {}, "status_code": 200}
    return faults_of(parser, response, model.operation_model(operation).output_shape)


@pytest.mark.parametrize(("output", "fault"), JSON_FAULTS)
def test_a_fault_in_json_is_found(output: object, fault: str) -> None:
    assert any(fault in found for found in faults("athena", "GetPreparedStatement", json.dumps(output).encode()))


def test_a_required_member_is_missed() -> None:
    body = json.dumps({"DataCatalog": {"Name": "n"}}).encode()
    assert faults("athena", "GetDataCatalog", body) == ["GetDataCatalogOutput.DataCatalog: Type is missing"]


@pytest.mark.parametrize(("inside", "fault"), XML_FAULTS)
def test_a_fault_in_xml_is_found(inside: str, fault: str) -> None:
    body = f"<ListTopicsResponse><ListTopicsResult>{inside}</ListTopicsResult></ListTopicsResponse>".encode()
    assert any(fault in found for found in faults("sns", "ListTopics", body))


def test_a_right_reply_has_no_fault() -> None:
    right = {"DataCatalog": {"Name": "n", "Type": "GLUE", "Parameters": {"a": "b"}}}
    assert faults("athena", "GetDataCatalog", json.dumps(right).encode()) == []
    xml = b"<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>a</TopicArn></member></Topics>"
    assert faults("sns", "ListTopics", xml + b"</ListTopicsResult></ListTopicsResponse>") == []
