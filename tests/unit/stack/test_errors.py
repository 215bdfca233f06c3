from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest

from stack import UserError, explain, run

botocore_errors: Any = import_module("botocore.exceptions")


def _client_error(code: str, message: str, status: int = 400) -> Exception:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore_errors.ClientError(response, "PutItem")


def _raising(error: BaseException) -> int:
    return run(lambda: (_ for _ in ()).throw(error))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            botocore_errors.EndpointConnectionError(endpoint_url="https://sqs.eu-west-1.amazonaws.com"),
            "Cannot reach AWS",
        ),
        (
            botocore_errors.EndpointConnectionError(endpoint_url="http://127.0.0.1:9/bucket?list-type=2"),
            "Nothing answers at http://127.0.0.1:9: run `python -m sandbox up`",
        ),
        (botocore_errors.ConnectionClosedError(endpoint_url="http://[::1]:9/"), "Nothing answers at http://[::1]:9"),
        (botocore_errors.NoCredentialsError(), "No AWS credentials"),
        (botocore_errors.ProfileNotFound(profile="x"), "AWS_PROFILE"),
        (botocore_errors.InvalidRegionError(region_name="eu west"), "correct --region"),
        (_client_error("AccessDeniedException", "User is not authorized to perform x."), "denied PutItem"),
        (_client_error("UnrecognizedClientException", "The security token is invalid."), "did not accept"),
        (_client_error("ResourceNotFoundException", "Table: orders not found"), "Table: orders not found"),
        (_client_error("ServiceUnavailableException", "Try later.", 503), "did not carry out PutItem"),
        (_client_error("ThrottlingException", "Rate exceeded"), "run the command again"),
        (botocore_errors.ResponseStreamingError(error="closed"), "Cannot reach AWS"),
        (botocore_errors.IncompleteReadError(actual_bytes=1, expected_bytes=2), "Cannot reach AWS"),
        (botocore_errors.SSLError(endpoint_url="https://orders.example", error="expired"), "Cannot reach AWS"),
        (botocore_errors.ConfigParseError(path="config", error="line 1"), "The AWS configuration cannot be used"),
        (
            botocore_errors.InvalidRetryModeError(provided_retry_mode="x", valid_modes="y"),
            "The AWS configuration cannot be used",
        ),
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


def test_what_the_sdk_repeats_is_no_bug() -> None:
    """What botocore takes for a passing fault and repeats itself (botocore/retries/standard.py)."""
    standard: Any = import_module("botocore.retries.standard")
    codes = {*standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES}
    codes |= {*standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES}
    codes -= {"TransactionInProgressException"}  # of a token that another call is using, which a run repeats itself
    for code in codes:
        assert explain(_client_error(code, "Try later.")) is not None, code
    for status in standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES:
        assert explain(_client_error("Unknown", "Try later.", status)) is not None, status
    for base in standard.TransientRetryableChecker._TRANSIENT_EXCEPTION_CLS:
        assert explain(base(error="closed")) is not None, base


def test_no_setting_of_botocore_is_a_bug() -> None:
    """Every error that botocore raises for a value of its configuration (botocore/exceptions.py)."""
    named = re.compile(r"Invalid.*Config(uration)?Error|Config(NotFound|ParseError)|InvalidDefaultsMode")
    found = [name for name in dir(botocore_errors) if named.fullmatch(name)]
    assert len(found) >= 8
    for name in found:
        made = getattr(botocore_errors, name)
        error = made.__new__(made)
        sentence = explain(error)
        assert sentence is not None, name
        assert sentence.startswith("The AWS configuration cannot be used"), name


def test_a_number_of_the_configuration_that_is_none_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore raises a plain ValueError: botocore/configprovider.py."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "many")
    session: Any = import_module("botocore.session").Session()
    with pytest.raises(ValueError, match="'many'") as raised:
        session.get_config_variable("max_attempts")
    assert str(explain(raised.value)).startswith("The AWS configuration cannot be used (invalid literal for int()")
    assert explain(ValueError("'many'")) is None
