from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from stack import UserError, explain, run

botocore_errors: Any = import_module("botocore.exceptions")


def _client_error(code: str, message: str) -> Exception:
    return botocore_errors.ClientError({"Error": {"Code": code, "Message": message}}, "PutItem")


def _raising(error: BaseException) -> int:
    return run(lambda: (_ for _ in ()).throw(error))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (botocore_errors.EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "Cannot reach AWS"),
        (botocore_errors.NoCredentialsError(), "No AWS credentials"),
        (botocore_errors.ProfileNotFound(profile="x"), "AWS_PROFILE"),
        (botocore_errors.InvalidRegionError(region_name="eu west"), "correct --region"),
        (_client_error("AccessDeniedException", "User is not authorized to perform x."), "denied PutItem"),
        (_client_error("UnrecognizedClientException", "The security token is invalid."), "did not accept"),
        (_client_error("ResourceNotFoundException", "Table: orders not found"), "Table: orders not found"),
        (ExceptionGroup("tasks", [ValueError(), UserError("Do this.")]), "Do this."),
    ],
)
def test_what_the_user_can_fix_is_explained_in_one_sentence(error: Exception, said: str) -> None:
    sentence = explain(error)
    assert sentence is not None
    assert said in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("error", [ValueError("bug"), _client_error("ValidationException", "One or more …")])
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    assert explain(error) is None
    with pytest.raises(type(error)):
        _raising(error)
