"""The rules for delivery streams; those for their Lambda processor are in `processor`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from components.audit.reading import at, both, fields, number, one_of, text, waits_for_role_policy
from components.audit.requests import CONVERSION, DELIVERY, Request, but, failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import NOTHING, given, unordered
from components.explain.evidence import Case

FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
DESTINATION = "extendedS3Configuration"
_ASKED = "ExtendedS3DestinationConfiguration"
API = "https://docs.aws.amazon.com/firehose/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/firehose/latest/dev/"
PREFLIGHT = "badmintoncryer/cdk-preflight rules/firehose/"
_CONVERSION = f"{DESTINATION}.dataFormatConversionConfiguration"
_EXPRESSION = re.compile(r"!\{([^{}:]*):[^{}]*\}")
_ERROR_TYPE = "!{firehose:error-output-type}"
_NAMESPACES = {"firehose", "timestamp", "partitionKeyFromLambda", "partitionKeyFromQuery"}
_LONGEST_PREFIX = 512


def _converts(case: Case) -> bool:
    return at(case.inputs, f"{_CONVERSION}.enabled") is True


def _is_whole(case: Case) -> bool:
    conversion = fields(case.inputs, _CONVERSION)
    schema = fields(conversion, "schemaConfiguration")
    return not conversion or (
        all(name in conversion for name in ("inputFormatConfiguration", "outputFormatConfiguration"))
        and all(schema.get(name) for name in ("roleArn", "databaseName", "tableName"))
    )


def _prefixes(case: Case) -> list[str]:
    return [str(at(case.inputs, f"{DESTINATION}.{name}") or "") for name in ("prefix", "errorOutputPrefix")]


def _error_prefix_is_there(case: Case) -> bool:
    rows, errors = _prefixes(case)
    return bool(errors) or not _EXPRESSION.search(rows)


def _error_prefix_says_what_failed(case: Case) -> bool:
    errors = _prefixes(case)[1]
    return not _EXPRESSION.search(errors) or _ERROR_TYPE in errors


def _namespaces_are_known(case: Case) -> bool:
    return all(set(_EXPRESSION.findall(prefix)) <= _NAMESPACES for prefix in _prefixes(case))


def requested(changed: Mapping[str, Any]) -> Request:
    """The request that creates a delivery stream, with other values of its S3 destination."""
    return but(DELIVERY, {f"{_ASKED}.{path}": value for path, value in changed.items()})


def refused(request: Request, sentence: str, source: str = "", code: str = "InvalidArgumentException") -> RefusedCall:
    """The refusal of such a request."""
    return RefusedCall("firehose.CreateDeliveryStream", request, code, sentence, source)


_VALIDATED = "floci-io/floci DataFormatConversionValidator (recorded on AWS)"

RULES = (
    Rule(
        "firehose-name",
        FIREHOSE,
        "A delivery stream's name has 1 to 64 letters, digits, underscores, hyphens and dots.",
        f"{API}API_CreateDeliveryStream.html",
        text("name", 1, 64, r"[a-zA-Z0-9_.-]+"),
        given({"name": "n" * 65}),
        (
            refused(
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
        f"{GUIDE}record-format-conversion.html",
        lambda case: (
            not _converts(case) or at(case.inputs, f"{DESTINATION}.compressionFormat") in (None, "UNCOMPRESSED")
        ),
        given({_CONVERSION: {"enabled": True}, f"{DESTINATION}.compressionFormat": "GZIP"}),
        (
            refused(
                requested({"DataFormatConversionConfiguration": CONVERSION, "CompressionFormat": "GZIP"}),
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
        f"{GUIDE}record-format-conversion.html",
        lambda case: not _converts(case) or at(case.inputs, f"{DESTINATION}.bufferingSize") >= 64,
        given({_CONVERSION: {"enabled": True}, f"{DESTINATION}.bufferingSize": 63}),
        (
            refused(
                requested(
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
        f"{API}API_DataFormatConversionConfiguration.html",
        _is_whole,
        given({_CONVERSION: {"enabled": True, "inputFormatConfiguration": {}}}),
        (
            refused(
                requested({"DataFormatConversionConfiguration": but(CONVERSION, {"SchemaConfiguration": None})}),
                "SchemaConfiguration must not be null",
                _VALIDATED,
            ),
            refused(
                requested(
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
        f"{API}API_BufferingHints.html",
        both(number(f"{DESTINATION}.bufferingSize", 1, 128), number(f"{DESTINATION}.bufferingInterval", 0, 900)),
        given({f"{DESTINATION}.bufferingSize": 129}),
        (
            refused(
                requested({"BufferingHints": {"SizeInMBs": 0, "IntervalInSeconds": 60}}),
                failed(
                    "extendedS3DestinationConfiguration.bufferingHints.sizeInMBs",
                    "have value greater than or equal to 1",
                    shown=False,
                ),
                code="ValidationException",
            ),
            refused(
                requested({"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 901}}),
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
        f"{API}API_ExtendedS3DestinationConfiguration.html",
        one_of(f"{DESTINATION}.compressionFormat", ("UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY")),
        given({f"{DESTINATION}.compressionFormat": "gzip"}),
        (
            refused(
                requested({"CompressionFormat": "gzip"}),
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
        f"{GUIDE}s3-prefixes.html",
        _error_prefix_is_there,
        given({f"{DESTINATION}.errorOutputPrefix": NOTHING}),
        (
            refused(
                requested({"Prefix": "rows/!{timestamp:yyyy}/"}),
                "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
                f"{PREFLIGHT}pf-firehose-error-output-prefix-required",
            ),
        ),
    ),
    Rule(
        "firehose-errors-kind",
        FIREHOSE,
        "An error output prefix with expressions contains the error type.",
        f"{GUIDE}s3-prefixes.html",
        _error_prefix_says_what_failed,
        given({f"{DESTINATION}.errorOutputPrefix": "errors/!{timestamp:yyyy}/"}),
        (
            refused(
                requested({"Prefix": "rows/", "ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"}),
                f"ErrorOutputPrefix must contain at least one occurrence of {_ERROR_TYPE}",
                f"{PREFLIGHT}pf-firehose-error-output-prefix-error-type",
            ),
        ),
    ),
    Rule(
        "firehose-rows-kind",
        FIREHOSE,
        "The prefix does not contain the error type.",
        f"{GUIDE}s3-prefixes.html",
        lambda case: _ERROR_TYPE not in _prefixes(case)[0],
        given({f"{DESTINATION}.prefix": f"rows/{_ERROR_TYPE}/"}),
        (
            refused(
                requested({"Prefix": f"rows/{_ERROR_TYPE}/", "ErrorOutputPrefix": f"errors/{_ERROR_TYPE}/"}),
                f"Prefix must not contain any occurrence of {_ERROR_TYPE}",
                f"{PREFLIGHT}pf-firehose-prefix-no-error-output-type",
            ),
        ),
    ),
    Rule(
        "firehose-prefix-namespace",
        FIREHOSE,
        "An expression in a prefix uses one of four namespaces.",
        f"{GUIDE}s3-prefixes.html",
        _namespaces_are_known,
        given({f"{DESTINATION}.prefix": "rows/!{time:yyyy}/"}),
        (
            refused(
                requested({"Prefix": "rows/!{time:yyyy}/", "ErrorOutputPrefix": f"errors/{_ERROR_TYPE}/"}),
                "Namespace to the left of colon (time) is an invalid keyword!",
                f"{PREFLIGHT}pf-firehose-prefix-namespace",
            ),
        ),
    ),
    Rule(
        "firehose-prefix-length",
        FIREHOSE,
        "An evaluated prefix has at most 512 characters.",
        f"{PREFLIGHT}pf-firehose-prefix-length",
        lambda case: all(len(_EXPRESSION.sub("x", prefix)) <= _LONGEST_PREFIX for prefix in _prefixes(case)),
        given({f"{DESTINATION}.prefix": "r" * 513}),
        (refused(requested({"Prefix": "r" * 513}), "Length of evaluated prefix cannot be greater than 512"),),
    ),
    Rule(
        "firehose-log",
        FIREHOSE,
        "Enabled logging names its log group and log stream.",
        f"{PREFLIGHT}pf-firehose-cloudwatch-logging-names",
        lambda case: (
            not at(case.inputs, f"{DESTINATION}.cloudwatchLoggingOptions.enabled")
            or all(
                at(case.inputs, f"{DESTINATION}.cloudwatchLoggingOptions.{name}")
                for name in ("logGroupName", "logStreamName")
            )
        ),
        given({f"{DESTINATION}.cloudwatchLoggingOptions.logGroupName": NOTHING}),
        (
            refused(
                requested({"CloudWatchLoggingOptions": {"Enabled": True}}),
                "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
            ),
        ),
    ),
    Rule(
        "firehose-source-encrypts",
        FIREHOSE,
        "A delivery stream with a Kinesis source has no encryption of the stream: its source is encrypted.",
        f"{API}API_DeliveryStreamEncryptionConfigurationInput.html",
        lambda case: not ("kinesisSourceConfiguration" in case.inputs and "serverSideEncryption" in case.inputs),
        given({"serverSideEncryption": {"enabled": True}}),
        (
            refused(
                but(DELIVERY, {"DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"}}),
                "Server side encryption from firehose is only allowed for direct put delivery streams and database "
                "as a "
                "source delivery streams",
                f"{PREFLIGHT}pf-firehose-encryption-kinesis-source",
            ),
        ),
    ),
    Rule(
        "firehose-order",
        FIREHOSE,
        "A delivery stream is created after its role's policy: creation reads the source.",
        f"{GUIDE}controlling-access.html",
        waits_for_role_policy(f"{DESTINATION}.roleArn"),
        unordered,
    ),
)
