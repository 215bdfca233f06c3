"""The rules of the delivery stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.audit.reading import at, both, fields, listed, number, one_of, text, waits_for_role_policy
from components.audit.requests import CONVERSION, DELIVERY, FUNCTION, Request, but, failed
from components.audit.rule import Check, Refused, Rule, Spoil
from components.audit.spoiling import NOTHING, given, unordered
from components.explain.evidence import Case

FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"

_S3 = "extendedS3Configuration"
_ASKED = "ExtendedS3DestinationConfiguration"
_API = "https://docs.aws.amazon.com/firehose/latest/APIReference/"
_GUIDE = "https://docs.aws.amazon.com/firehose/latest/dev/"
_PROVIDER = "hashicorp/terraform-provider-aws internal/service/firehose/delivery_stream.go"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/firehose/"
_CONVERSION = f"{_S3}.dataFormatConversionConfiguration"
_EXPRESSION = re.compile(r"!\{([^{}:]*):[^{}]*\}")
_ERROR_TYPE = "!{firehose:error-output-type}"
_NAMESPACES = {"firehose", "timestamp", "partitionKeyFromLambda", "partitionKeyFromQuery"}
_LONGEST_PREFIX = 512
_DEFAULTS = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
"""The parameters that the provider adds to a Lambda processor and drops when it reads them back."""


def _converts(case: Case) -> bool:
    return at(case.inputs, f"{_CONVERSION}.enabled") is True


def _parameters(case: Case) -> Iterator[Mapping[str, str]]:
    """The parameters of each Lambda processor, by name."""
    for processor in listed(case.inputs, f"{_S3}.processingConfiguration.processors"):
        if processor["type"] == "Lambda":
            yield {one["parameterName"]: one["parameterValue"] for one in processor["parameters"]}


def _in_range(name: str, low: float, high: float) -> Check:
    return lambda case: all(low <= float(given[name]) <= high for given in _parameters(case) if name in given)


def _spoilt(name: str, value: str) -> Spoil:
    return given(
        {
            f"{_S3}.processingConfiguration.processors.0.parameters": [
                {"parameterName": "LambdaArn", "parameterValue": FUNCTION},
                {"parameterName": name, "parameterValue": value},
            ]
        }
    )


def _is_whole(case: Case) -> bool:
    conversion = fields(case.inputs, _CONVERSION)
    schema = fields(conversion, "schemaConfiguration")
    return not conversion or (
        all(name in conversion for name in ("inputFormatConfiguration", "outputFormatConfiguration"))
        and all(schema.get(name) for name in ("roleArn", "databaseName", "tableName"))
    )


def _prefixes(case: Case) -> list[str]:
    return [str(at(case.inputs, f"{_S3}.{name}") or "") for name in ("prefix", "errorOutputPrefix")]


def _error_prefix_is_there(case: Case) -> bool:
    rows, errors = _prefixes(case)
    return bool(errors) or not _EXPRESSION.search(rows)


def _error_prefix_says_what_failed(case: Case) -> bool:
    errors = _prefixes(case)[1]
    return not _EXPRESSION.search(errors) or _ERROR_TYPE in errors


def _namespaces_are_known(case: Case) -> bool:
    return all(set(_EXPRESSION.findall(prefix)) <= _NAMESPACES for prefix in _prefixes(case))


def _asked(changed: Mapping[str, Any]) -> Request:
    return but(DELIVERY, {f"{_ASKED}.{path}": value for path, value in changed.items()})


def _processed(*parameters: tuple[str, str]) -> Request:
    listed = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters]
    return _asked(
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]}}
    )


def _refused(request: Request, sentence: str, source: str = "", code: str = "InvalidArgumentException") -> Refused:
    return Refused("firehose.CreateDeliveryStream", request, code, sentence, source)


_OTHERS = ("LambdaArn", FUNCTION)
_VALIDATED = "floci-io/floci DataFormatConversionValidator (recorded on AWS)"
_BOTH = "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor."

RULES = (
    Rule(
        "firehose-name",
        FIREHOSE,
        "A delivery stream's name has 1 to 64 letters, digits, underscores, hyphens and dots.",
        f"{_API}API_CreateDeliveryStream.html",
        text("name", 1, 64, r"[a-zA-Z0-9_.-]+"),
        given({"name": "n" * 65}),
        (
            _refused(
                but(DELIVERY, {"DeliveryStreamName": "n" * 65}),
                failed("deliveryStreamName", "have length less than or equal to 64", shown=False),
                code="ValidationException",
            ),
        ),
    ),
    Rule(
        "firehose-conversion-uncompressed",
        FIREHOSE,
        "With format conversion, the S3 destination is uncompressed: the format compresses.",
        f"{_GUIDE}record-format-conversion.html",
        lambda case: not _converts(case) or at(case.inputs, f"{_S3}.compressionFormat") in (None, "UNCOMPRESSED"),
        given({_CONVERSION: {"enabled": True}, f"{_S3}.compressionFormat": "GZIP"}),
        (
            _refused(
                _asked({"DataFormatConversionConfiguration": CONVERSION, "CompressionFormat": "GZIP"}),
                "The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is "
                "enabled. To enable compression within the converted output format, set the appropriate serialization "
                "option in the output format configuration.",
                _VALIDATED,
            ),
        ),
    ),
    Rule(
        "firehose-conversion-buffer",
        FIREHOSE,
        "With format conversion, the buffer size is at least 64 MB.",
        f"{_GUIDE}record-format-conversion.html",
        lambda case: not _converts(case) or at(case.inputs, f"{_S3}.bufferingSize") >= 64,
        given({_CONVERSION: {"enabled": True}, f"{_S3}.bufferingSize": 63}),
        (
            _refused(
                _asked(
                    {
                        "DataFormatConversionConfiguration": CONVERSION,
                        "BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 60},
                    }
                ),
                "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled.",
                _VALIDATED,
            ),
        ),
    ),
    Rule(
        "firehose-conversion-whole",
        FIREHOSE,
        "A format conversion has an input format, an output format, and a Glue table with a role to read it.",
        f"{_API}API_DataFormatConversionConfiguration.html",
        _is_whole,
        given({_CONVERSION: {"enabled": True, "inputFormatConfiguration": {}}}),
        (
            _refused(
                _asked({"DataFormatConversionConfiguration": but(CONVERSION, {"SchemaConfiguration": None})}),
                "SchemaConfiguration must not be null",
                _VALIDATED,
            ),
            _refused(
                _asked(
                    {"DataFormatConversionConfiguration": but(CONVERSION, {"SchemaConfiguration.DatabaseName": None})}
                ),
                "SchemaConfiguration.DatabaseName must not be null or empty",
                _VALIDATED,
            ),
        ),
    ),
    Rule(
        "firehose-buffer",
        FIREHOSE,
        "The buffer is 1 to 128 MB and 0 to 900 seconds.",
        f"{_API}API_BufferingHints.html",
        both(number(f"{_S3}.bufferingSize", 1, 128), number(f"{_S3}.bufferingInterval", 0, 900)),
        given({f"{_S3}.bufferingSize": 129}),
        (
            _refused(
                _asked({"BufferingHints": {"SizeInMBs": 0, "IntervalInSeconds": 60}}),
                failed(
                    "extendedS3DestinationConfiguration.bufferingHints.sizeInMBs",
                    "have value greater than or equal to 1",
                    shown=False,
                ),
                code="ValidationException",
            ),
            _refused(
                _asked({"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 901}}),
                failed(
                    "extendedS3DestinationConfiguration.bufferingHints.intervalInSeconds",
                    "have value less than or equal to 900",
                    shown=False,
                ),
                code="ValidationException",
            ),
        ),
    ),
    Rule(
        "firehose-compression",
        FIREHOSE,
        "The compression is one of five formats or none.",
        f"{_API}API_ExtendedS3DestinationConfiguration.html",
        one_of(f"{_S3}.compressionFormat", ("UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY")),
        given({f"{_S3}.compressionFormat": "gzip"}),
        (
            _refused(
                _asked({"CompressionFormat": "gzip"}),
                failed(
                    "extendedS3DestinationConfiguration.compressionFormat", "satisfy enum value set: [", shown=False
                ),
                "floci-io/floci S3DestinationValidator (recorded on AWS)",
                code="ValidationException",
            ),
        ),
    ),
    Rule(
        "firehose-errors",
        FIREHOSE,
        "A prefix with expressions requires an error output prefix.",
        f"{_GUIDE}s3-prefixes.html",
        _error_prefix_is_there,
        given({f"{_S3}.errorOutputPrefix": NOTHING}),
        (
            _refused(
                _asked({"Prefix": "rows/!{timestamp:yyyy}/"}),
                "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
                f"{_PREFLIGHT}pf-firehose-error-output-prefix-required",
            ),
        ),
    ),
    Rule(
        "firehose-errors-kind",
        FIREHOSE,
        "An error output prefix with expressions contains the error type.",
        f"{_GUIDE}s3-prefixes.html",
        _error_prefix_says_what_failed,
        given({f"{_S3}.errorOutputPrefix": "errors/!{timestamp:yyyy}/"}),
        (
            _refused(
                _asked({"Prefix": "rows/", "ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"}),
                f"ErrorOutputPrefix must contain at least one occurrence of {_ERROR_TYPE}",
                f"{_PREFLIGHT}pf-firehose-error-output-prefix-error-type",
            ),
        ),
    ),
    Rule(
        "firehose-rows-kind",
        FIREHOSE,
        "The prefix does not contain the error type.",
        f"{_GUIDE}s3-prefixes.html",
        lambda case: _ERROR_TYPE not in _prefixes(case)[0],
        given({f"{_S3}.prefix": f"rows/{_ERROR_TYPE}/"}),
        (
            _refused(
                _asked({"Prefix": f"rows/{_ERROR_TYPE}/", "ErrorOutputPrefix": f"errors/{_ERROR_TYPE}/"}),
                f"Prefix must not contain any occurrence of {_ERROR_TYPE}",
                f"{_PREFLIGHT}pf-firehose-prefix-no-error-output-type",
            ),
        ),
    ),
    Rule(
        "firehose-prefix-namespace",
        FIREHOSE,
        "An expression in a prefix uses one of four namespaces.",
        f"{_GUIDE}s3-prefixes.html",
        _namespaces_are_known,
        given({f"{_S3}.prefix": "rows/!{time:yyyy}/"}),
        (
            _refused(
                _asked({"Prefix": "rows/!{time:yyyy}/", "ErrorOutputPrefix": f"errors/{_ERROR_TYPE}/"}),
                "Namespace to the left of colon (time) is an invalid keyword!",
                f"{_PREFLIGHT}pf-firehose-prefix-namespace",
            ),
        ),
    ),
    Rule(
        "firehose-prefix-length",
        FIREHOSE,
        "An evaluated prefix has at most 512 characters.",
        f"{_PREFLIGHT}pf-firehose-prefix-length",
        lambda case: all(len(_EXPRESSION.sub("x", prefix)) <= _LONGEST_PREFIX for prefix in _prefixes(case)),
        given({f"{_S3}.prefix": "r" * 513}),
        (_refused(_asked({"Prefix": "r" * 513}), "Length of evaluated prefix cannot be greater than 512"),),
    ),
    Rule(
        "firehose-function",
        FIREHOSE,
        "A Lambda processor names its function with the version that Firehose invokes.",
        f"{_API}API_ProcessorParameter.html",
        lambda case: all(re.fullmatch(r"arn:.*:function:[^:]+:[^:]+", one["LambdaArn"]) for one in _parameters(case)),
        _spoilt("LambdaArn", FUNCTION.removesuffix(":$LATEST")),
        (
            _refused(
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
        f"{_GUIDE}data-transformation.html",
        _in_range("BufferSizeInMBs", 0.2, 3),
        _spoilt("BufferSizeInMBs", "4"),
        (
            _refused(
                _processed(_OTHERS, ("BufferSizeInMBs", "4"), ("BufferIntervalInSeconds", "60")),
                "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
                f"{_PREFLIGHT}pf-firehose-processor-buffer-size-range",
            ),
            _refused(
                _processed(_OTHERS, ("BufferSizeInMBs", "1")), _BOTH, f"{_PREFLIGHT}pf-firehose-processor-buffer-both"
            ),
        ),
    ),
    Rule(
        "firehose-function-buffer-time",
        FIREHOSE,
        "The buffer interval of a Lambda processor is 0 to 900 seconds.",
        f"{_GUIDE}data-transformation.html",
        _in_range("BufferIntervalInSeconds", 0, 900),
        _spoilt("BufferIntervalInSeconds", "901"),
        (
            _refused(
                _processed(_OTHERS, ("BufferSizeInMBs", "1"), ("BufferIntervalInSeconds", "901")),
                "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
                f"{_PREFLIGHT}pf-firehose-processor-buffer-interval-range",
            ),
        ),
    ),
    Rule(
        "firehose-function-retries",
        FIREHOSE,
        "A Lambda processor has at most 300 retries.",
        f"{_API}API_ProcessorParameter.html",
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
    Rule(
        "firehose-log",
        FIREHOSE,
        "Enabled logging names its log group and log stream.",
        f"{_PREFLIGHT}pf-firehose-cloudwatch-logging-names",
        lambda case: (
            not at(case.inputs, f"{_S3}.cloudwatchLoggingOptions.enabled")
            or all(
                at(case.inputs, f"{_S3}.cloudwatchLoggingOptions.{name}") for name in ("logGroupName", "logStreamName")
            )
        ),
        given({f"{_S3}.cloudwatchLoggingOptions.logGroupName": NOTHING}),
        (
            _refused(
                _asked({"CloudWatchLoggingOptions": {"Enabled": True}}),
                "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
            ),
        ),
    ),
    Rule(
        "firehose-source-encrypts",
        FIREHOSE,
        "A delivery stream with a Kinesis source has no encryption of the stream: its source is encrypted.",
        f"{_API}API_DeliveryStreamEncryptionConfigurationInput.html",
        lambda case: not ("kinesisSourceConfiguration" in case.inputs and "serverSideEncryption" in case.inputs),
        given({"serverSideEncryption": {"enabled": True}}),
        (
            _refused(
                but(DELIVERY, {"DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"}}),
                "Server side encryption from firehose is only allowed for direct put delivery streams and database "
                "as a "
                "source delivery streams",
                f"{_PREFLIGHT}pf-firehose-encryption-kinesis-source",
            ),
        ),
    ),
    Rule(
        "firehose-order",
        FIREHOSE,
        "A delivery stream is created after its role's policy: creation reads the source.",
        f"{_GUIDE}controlling-access.html",
        waits_for_role_policy(f"{_S3}.roleArn"),
        unordered,
    ),
)
