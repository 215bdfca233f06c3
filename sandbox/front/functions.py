"""The zips of Lambda functions, which moto has in this process and no API returns."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from sandbox.state import ACCOUNT_ID

_PATH = re.compile(r"/_sandbox/functions/([^/]+)/code")


def function_code(path: str, query: str) -> bytes | None:
    """The zip of the function named by /_sandbox/functions/{name}/code[?qualifier=]; None if absent.

    {name} is a name or an ARN; the function may be in any region.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    qualifier = parse_qs(query).get("qualifier", [None])[0]
    for backend in lambda_backends[ACCOUNT_ID].values():
        try:
            return backend.get_function(unquote(match[1]), qualifier).code_bytes
        except UnknownFunctionException:
            continue
    return None
