"""The options that name the pipeline."""

import re
from argparse import ArgumentError, ArgumentParser

import pytest

from stack import add_options


def parsed(url: str) -> str:
    parser = ArgumentParser(exit_on_error=False)
    add_options(parser)
    return parser.parse_args(["--endpoint-url", url]).endpoint_url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "https://dynamodb.eu-west-1.amazonaws.com", "http://[::1]:9/"]
)
def test_an_endpoint_is_taken(url: str) -> None:
    assert parsed(url) == url


@pytest.mark.parametrize(
    "url", ["", "nonsense", "127.0.0.1:4566", "ftp://x", "http://", "http://x:99999", "http://x:0"]
)
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    """botocore would raise a ValueError, long after the start."""
    with pytest.raises(ArgumentError, match=re.escape(f"{url!r} is not an endpoint: write it as https://host or")):
        parsed(url)
