"""The rules for the Lambda processor of a delivery stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from components.audit.firehose import API, DESTINATION, FIREHOSE, GUIDE, PREFLIGHT, refused, requested
from components.audit.reading import listed
from components.audit.requests import FUNCTION, Request
from components.audit.rule import Check, Rule, Spoil
from components.audit.spoiling import given
from components.explain.evidence import Case

_PROVIDER = "hashicorp/terraform-provider-aws internal/service/firehose/delivery_stream.go"
_DEFAULTS = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
"""The parameters that the provider adds to a Lambda processor and drops when it reads them back."""


def _parameters(case: Case) -> Iterator[Mapping[str, str]]:
    """The parameters of each Lambda processor, by name."""
    for processor in listed(case.inputs, f"{DESTINATION}.processingConfiguration.processors"):
        if processor["type"] == "Lambda":
            yield {one["parameterName"]: one["parameterValue"] for one in processor["parameters"]}


def _in_range(name: str, low: float, high: float) -> Check:
    return lambda case: all(low <= float(given[name]) <= high for given in _parameters(case) if name in given)


def _spoilt(name: str, value: str) -> Spoil:
    return given(
        {
            f"{DESTINATION}.processingConfiguration.processors.0.parameters": [
                {"parameterName": "LambdaArn", "parameterValue": FUNCTION},
                {"parameterName": name, "parameterValue": value},
            ]
        }
    )


def _processed(*parameters: tuple[str, str]) -> Request:
    listed = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters]
    return requested(
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]}}
    )


_OTHERS = ("LambdaArn", FUNCTION)
_BOTH = "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor."

RULES = (
    Rule(
        "firehose-function",
        FIREHOSE,
        "A Lambda processor names its function with the version that Firehose invokes.",
        f"{API}API_ProcessorParameter.html",
        lambda case: all(re.fullmatch(r"arn:.*:function:[^:]+:[^:]+", one["LambdaArn"]) for one in _parameters(case)),
        _spoilt("LambdaArn", FUNCTION.removesuffix(":$LATEST")),
        (
            refused(
                _processed(("NumberOfRetries", "3")),
                "LambdaArn is required when Lambda processor is used.",
                "floci-io/floci FirehoseProcessingConfigurationTest (recorded on AWS)",
            ),
        ),
    ),
    Rule(
        "firehose-function-buffer-size",
        FIREHOSE,
        "The buffer of a Lambda processor is 0.2 to 3 MB.",
        f"{GUIDE}data-transformation.html",
        _in_range("BufferSizeInMBs", 0.2, 3),
        _spoilt("BufferSizeInMBs", "4"),
        (
            refused(
                _processed(_OTHERS, ("BufferSizeInMBs", "4"), ("BufferIntervalInSeconds", "60")),
                "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
                f"{PREFLIGHT}pf-firehose-processor-buffer-size-range",
            ),
            refused(
                _processed(_OTHERS, ("BufferSizeInMBs", "1")), _BOTH, f"{PREFLIGHT}pf-firehose-processor-buffer-both"
            ),
        ),
    ),
    Rule(
        "firehose-function-buffer-time",
        FIREHOSE,
        "The buffer interval of a Lambda processor is 0 to 900 seconds.",
        f"{GUIDE}data-transformation.html",
        _in_range("BufferIntervalInSeconds", 0, 900),
        _spoilt("BufferIntervalInSeconds", "901"),
        (
            refused(
                _processed(_OTHERS, ("BufferSizeInMBs", "1"), ("BufferIntervalInSeconds", "901")),
                "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
                f"{PREFLIGHT}pf-firehose-processor-buffer-interval-range",
            ),
        ),
    ),
    Rule(
        "firehose-function-retries",
        FIREHOSE,
        "A Lambda processor has at most 300 retries.",
        f"{API}API_ProcessorParameter.html",
        _in_range("NumberOfRetries", 0, 300),
        _spoilt("NumberOfRetries", "301"),
    ),
    Rule(
        "firehose-function-defaults",
        FIREHOSE,
        "No processor parameter has its default: the provider reads a default back as nothing and sees a difference "
        "for ever.",
        f"{_PROVIDER} (flattenProcessingConfiguration)",
        lambda case: not any(one.items() & _DEFAULTS.items() for one in _parameters(case)),
        _spoilt("BufferSizeInMBs", "1"),
    ),
)
