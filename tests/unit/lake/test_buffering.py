from __future__ import annotations

from typing import Any

import pytest

from lake.buffering import UNKNOWN_S, buffering_s


class Described:
    """A Firehose client whose delivery stream has this destination."""

    def __init__(self, destination: dict[str, Any]) -> None:
        self._destination = destination

    def describe_delivery_stream(self, **request: object) -> dict[str, Any]:
        assert request == {"DeliveryStreamName": "orders"}
        description = {"Destinations": [{"ExtendedS3DestinationDescription": self._destination}]}
        return {"DeliveryStreamDescription": description}


class AwsError(Exception):
    """An answer as botocore's ClientError carries it."""

    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code}}


class Refusing:
    def __init__(self, code: str) -> None:
        self._code = code

    def describe_delivery_stream(self, **request: object) -> dict[str, Any]:
        raise AwsError(self._code)


def _lambda(**parameters: str) -> dict[str, Any]:
    named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Processors": [{"Type": "Lambda", "Parameters": named}, {"Type": "AppendDelimiterToRecord"}]}


@pytest.mark.parametrize(
    ("destination", "seconds"),
    [
        ({"BufferingHints": {"IntervalInSeconds": 5}}, 5),
        (
            {
                "BufferingHints": {"IntervalInSeconds": 60},
                "ProcessingConfiguration": _lambda(BufferIntervalInSeconds="10"),
            },
            70,
        ),
        ({"ProcessingConfiguration": _lambda(LambdaArn="arn")}, 360),
        ({}, 300),
    ],
)
def test_the_buffers_of_the_lambda_and_of_s3_add_up(destination: dict[str, Any], seconds: float) -> None:
    assert buffering_s(Described(destination), "orders") == seconds


def test_who_may_not_ask_gets_a_cautious_guess() -> None:
    assert buffering_s(Refusing("AccessDeniedException"), "orders") == UNKNOWN_S


def test_any_other_refusal_is_reported() -> None:
    with pytest.raises(AwsError):
        buffering_s(Refusing("ServiceUnavailableException"), "orders")
