"""Object names: prefixes, their expressions and Java's date patterns."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from sandbox.datepatterns import DatePatternError
from sandbox.datepatterns.java import write
from sandbox.firehose.naming import (
    PrefixError,
    check_prefixes,
    error_prefix,
    in_zone,
    object_name,
    object_prefix,
    partition_expressions,
)

MOMENT = datetime(2018, 8, 27, 10, 30, 5, 123456, UTC)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd-HH", "2018-08-27-10"),
        ("yyyy/MM/dd/HH/", "2018/08/27/10/"),
        ("'year='yyyy'/month='MM'/day='dd'/hour='HH", "year=2018/month=08/day=27/hour=10"),
        ("uuuu yy y M d H m s", "2018 18 2018 8 27 10 30 5"),
        ("MMM MMMM MMMMM LLL", "Aug August A Aug"),
        ("E EEEE EEEEE", "Mon Monday M"),
        ("DDD D", "239 239"),
        ("Q QQ", "3 03"),
        ("h hh K k a", "10 10 10 10 AM"),
        ("S SSS SSSSSS SSSSSSSSS", "1 123 123456 123456000"),
        ("X XXX xx Z", "Z Z +0000 +0000"),
        ("'it''s' yyyy", "it's 2018"),
        ("''yyyy''", "'2018'"),
    ],
)
def test_date_patterns_are_javas(pattern: str, text: str) -> None:
    assert write(pattern, MOMENT) == text


def test_midnight_and_offsets() -> None:
    midnight = datetime(2018, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert write("h k K a x XXX", midnight) == "12 24 0 AM -0330 -03:30"


@pytest.mark.parametrize("pattern", ["'open", "yyyy{", "j", "HHH"])
def test_a_pattern_that_java_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(DatePatternError):
        write(pattern, MOMENT)


@pytest.mark.parametrize(
    ("prefix", "evaluated"),
    [
        ("", "2018/08/27/10/"),
        ("legacy", "legacy2018/08/27/10/"),
        ("legacy/", "legacy/2018/08/27/10/"),
        ("order_changes/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/", "order_changes/arrival_hour=2018-08-27-10/"),
        ("region=!{partitionKeyFromLambda:region}/", "region=EMEA/"),
    ],
)
def test_a_prefix_is_evaluated_at_the_oldest_records_arrival(prefix: str, evaluated: str) -> None:
    assert object_prefix(prefix, MOMENT, {"partitionKeyFromLambda:region": "EMEA"}) == evaluated


def test_every_random_string_is_another() -> None:
    evaluated = object_prefix("!{firehose:random-string}/!{firehose:random-string}/", MOMENT, {})
    first, second, _ = evaluated.split("/")
    assert first != second
    assert len(first) == len(second) == 11


@pytest.mark.parametrize(
    ("error_text", "evaluated"),
    [
        (None, "data/processing-failed/2018/08/27/10/"),
        (
            "errors/!{firehose:error-output-type}/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/",
            "errors/processing-failed/arrival_hour=2018-08-27-10/",
        ),
    ],
)
def test_an_error_prefix_names_the_kind_of_error(error_text: str | None, evaluated: str) -> None:
    assert error_prefix("data/", error_text, "processing-failed", MOMENT) == evaluated


@pytest.mark.parametrize(
    ("prefix", "error_text", "complaint"),
    [
        ("!{timestamp:yyyy}/", None, "ErrorOutputPrefix is needed"),
        ("!{firehose:error-output-type}/", "e/!{firehose:error-output-type}/", "only allowed in"),
        ("a/", "!{timestamp:yyyy}/", "must contain"),
        ("!{timestamp}/", "e/!{firehose:error-output-type}/", "not of the form"),
        ("!{moon:phase}/", "e/!{firehose:error-output-type}/", "not a namespace"),
        ("!{firehose:phase}/", "e/!{firehose:error-output-type}/", "not an expression"),
        ("!{timestamp:jj}/", "e/!{firehose:error-output-type}/", "unknown to Java"),
    ],
)
def test_prefixes_that_firehose_refuses_are_refused(prefix: str, error_text: str | None, complaint: str) -> None:
    with pytest.raises(PrefixError, match=complaint):
        check_prefixes(prefix, error_text)


def test_the_name_has_stream_version_time_and_a_random_part() -> None:
    name = object_name("orders", "3", MOMENT, ".parquet")
    assert re.fullmatch(r"orders-3-2018-08-27-10-30-05-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.parquet", name)


def test_times_are_in_the_streams_zone() -> None:
    moment = in_zone(MOMENT.timestamp(), ZoneInfo("Asia/Tokyo"))
    assert object_prefix("!{timestamp:HH}/", moment, {}) == "19/"


def test_the_partition_keys_that_a_prefix_needs() -> None:
    prefix = "a=!{partitionKeyFromQuery:a}/!{timestamp:yyyy}/b=!{partitionKeyFromLambda:b}/"
    assert partition_expressions(prefix) == ["partitionKeyFromQuery:a", "partitionKeyFromLambda:b"]
