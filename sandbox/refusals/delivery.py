"""Firehose: rules of a delivery stream to S3.

Recorded on AWS by floci-io/floci (DataFormatConversionValidator, FirehoseProcessingConfigurationTest) and
badmintoncryer/cdk-preflight (rules/firehose). NumberOfRetries is not checked, because the two sources disagree. The
sentence about a role is the one for which internal/service/firehose of hashicorp/terraform-provider-aws waits; who may
assume a role: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import Fields, fields, listed
from sandbox.refusals.registry import Asked, refuses
from sandbox.refusals.roles import can_assume

_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_NAMESPACES = frozenset({"firehose", "partitionKeyFromLambda", "partitionKeyFromQuery", "timestamp"})
_ERROR_TYPE = "!{firehose:error-output-type}"
_LAMBDA_ARN = re.compile(r"arn:[^:]+:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?")
_LEAST_CONVERTED_MB = 64
_SERVICE = "firehose.amazonaws.com"
_LONGEST_PREFIX = 512
_RANGES = {"BufferSizeInMBs": ("0.2", "3"), "BufferIntervalInSeconds": ("0", "900")}


@refuses("firehose", "CreateDeliveryStream", "UpdateDestination")
def destination(asked: Asked) -> ServiceError | None:
    """Refuse an S3 destination with its first error, in AWS's order."""
    given = fields(asked.get("ExtendedS3DestinationConfiguration") or asked.get("ExtendedS3DestinationUpdate"))
    complaints = (
        *_of_conversion(given),
        *_of_prefixes(given),
        *_of_processors(given),
        *_of_logging(given),
    )
    return next((ServiceError("InvalidArgumentException", sentence) for sentence in complaints), None)


@refuses("firehose", "CreateDeliveryStream")
def source(asked: Asked) -> ServiceError | None:
    """Refuse the encryption of a delivery stream with a Kinesis source; the source is encrypted."""
    if asked.get("DeliveryStreamType") != "KinesisStreamAsSource":
        return None
    if asked.get("DeliveryStreamEncryptionConfigurationInput"):
        return ServiceError(
            "InvalidArgumentException",
            "Server side encryption from firehose is only allowed for direct put delivery streams and database as a "
            "source delivery streams",
        )
    return None


@refuses("firehose", "CreateDeliveryStream", "UpdateDestination")
def roles(asked: Asked) -> ServiceError | None:
    """Refuse a role of the destination or the source that does not exist, or does not trust Firehose."""
    blocks = ("ExtendedS3DestinationConfiguration", "ExtendedS3DestinationUpdate", "KinesisStreamSourceConfiguration")
    for arn in (fields(asked.get(block)).get("RoleARN") for block in blocks):
        if arn and not can_assume(_SERVICE, str(arn)):
            sentence = f"Firehose is unable to assume role {arn}. Please check the role provided."
            return ServiceError("InvalidArgumentException", sentence)
    return None


def _of_conversion(given: Fields) -> Iterator[str]:
    conversion = fields(given.get("DataFormatConversionConfiguration"))
    if not conversion or conversion.get("Enabled") is False:
        return
    if given.get("CompressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED":
        yield (
            "The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is "
            "enabled. To enable compression within the converted output format, set the appropriate serialization "
            "option in the output format configuration."
        )
    size = fields(given.get("BufferingHints")).get("SizeInMBs")
    if size is not None and size < _LEAST_CONVERTED_MB:
        yield f"BufferingHints.SizeInMBs must be at least {_LEAST_CONVERTED_MB} when data format conversion is enabled."
    for member in ("InputFormatConfiguration", "OutputFormatConfiguration", "SchemaConfiguration"):
        if not conversion.get(member):
            yield f"{member} must not be null"
    schema = fields(conversion.get("SchemaConfiguration"))
    for member, called in {"RoleARN": "RoleArn", "DatabaseName": "DatabaseName", "TableName": "TableName"}.items():
        if not schema.get(member):
            yield f"SchemaConfiguration.{called} must not be null or empty"


def _of_prefixes(given: Fields) -> Iterator[str]:
    prefix, errors = given.get("Prefix") or "", given.get("ErrorOutputPrefix") or ""
    if _EXPRESSION.search(prefix) and not errors:
        yield "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"
    if _ERROR_TYPE in prefix:
        yield f"Prefix must not contain any occurrence of {_ERROR_TYPE}"
    if _EXPRESSION.search(errors) and _ERROR_TYPE not in errors:
        yield f"ErrorOutputPrefix must contain at least one occurrence of {_ERROR_TYPE}"
    for text in (prefix, errors):
        for namespace in (found[1] for found in _EXPRESSION.finditer(text)):
            if namespace not in _NAMESPACES:
                yield f"Namespace to the left of colon ({namespace}) is an invalid keyword!"
        if len(_EXPRESSION.sub("x", text)) > _LONGEST_PREFIX:
            yield f"Length of evaluated prefix cannot be greater than {_LONGEST_PREFIX}"


def _of_processors(given: Fields) -> Iterator[str]:
    processing = fields(given.get("ProcessingConfiguration"))
    for processor in listed(processing.get("Processors")) if processing.get("Enabled") else ():
        if processor.get("Type") == "Lambda":
            parameters = listed(processor.get("Parameters"))
            yield from _of_function({one["ParameterName"]: one["ParameterValue"] for one in parameters})


def _of_function(parameters: Mapping[str, str]) -> Iterator[str]:
    if not parameters.get("LambdaArn"):
        yield "LambdaArn is required when Lambda processor is used."
    elif not _LAMBDA_ARN.fullmatch(parameters["LambdaArn"]):
        yield "Invalid lambda ARN."
    if ("BufferSizeInMBs" in parameters) != ("BufferIntervalInSeconds" in parameters):
        yield (
            "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor."
        )
    for name, (low, high) in _RANGES.items():
        if name in parameters and not float(low) <= float(parameters[name]) <= float(high):
            yield f"{name} for lambda processor must be between {low} and {high}."


def _of_logging(given: Fields) -> Iterator[str]:
    options = fields(given.get("CloudWatchLoggingOptions"))
    if options.get("Enabled") and not options.get("LogGroupName"):
        yield "CloudWatch Log Group Name is required if CloudWatch Logging is enabled"
