"""Lambda's Invoke API: requests, answers and refusals; the functions themselves are stand-ins."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.functions.environment import InvocationResult
from sandbox.functions.invoker import InvokeError, Invoker
from sandbox.functions.service import InvokeResponse, invoke


class FakeInvoker(Invoker):
    """Knows the function "orders"; what it is asked is in `calls`."""

    def __init__(self, result: InvocationResult | None = None) -> None:
        self.result = result or InvocationResult(b'{"ok":true}', failed=False, log_tail=b"END")
        self.calls: list[tuple[Any, ...]] = []

    def invoke(
        self, name: str, qualifier: str | None, request_id: str, payload: bytes, client_context: str | None = None
    ) -> InvocationResult:
        self.check(name, qualifier)
        self.calls.append(("invoke", name, qualifier, payload, client_context))
        return self.result

    def check(self, name: str, qualifier: str | None) -> None:
        if not name.endswith("orders"):
            raise InvokeError(404, "ResourceNotFoundException", f"Function not found: {name}")

    def enqueue(self, name: str, qualifier: str | None, request_id: str, payload: bytes) -> None:
        self.check(name, qualifier)
        self.calls.append(("enqueue", name, qualifier, payload))


def ask(invoker: Invoker, target: str = "/2015-03-31/functions/orders/invocations", **headers: str) -> InvokeResponse:
    return invoke(invoker, target, {name.replace("_", "-"): value for name, value in headers.items()}, b'{"n":1}')


def test_an_invocation_is_answered_with_the_functions_answer() -> None:
    invoker = FakeInvoker()
    answer = ask(invoker)
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
    assert answer.headers["X-Amz-Executed-Version"] == "$LATEST"
    assert "X-Amz-Function-Error" not in answer.headers
    assert invoker.calls == [("invoke", "orders", None, b'{"n":1}', None)]


def test_a_failed_invocation_is_marked_and_has_status_200() -> None:
    answer = ask(FakeInvoker(InvocationResult(b'{"errorType":"x"}', failed=True, log_tail=b"")))
    assert (answer.status, answer.headers["X-Amz-Function-Error"]) == (200, "Unhandled")


def test_the_log_tail_is_returned_on_request() -> None:
    answer = ask(FakeInvoker(), x_amz_log_type="Tail")
    assert base64.b64decode(answer.headers["X-Amz-Log-Result"]) == b"END"
    assert "X-Amz-Log-Result" not in ask(FakeInvoker()).headers


@pytest.mark.parametrize(
    ("path", "qualifier"),
    [
        ("orders", None),
        ("orders:live", "live"),
        ("123456789012%3Afunction%3Aorders", None),
        ("arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aorders", None),
        ("arn:aws:lambda:eu-west-1:123456789012:function:orders:3", "3"),
        ("orders/invocations?Qualifier=live", "live"),
    ],
)
def test_a_function_has_several_names(path: str, qualifier: str | None) -> None:
    invoker = FakeInvoker()
    target = f"/2015-03-31/functions/{path}" + ("" if "?" in path else "/invocations")
    assert ask(invoker, target).status == 200
    assert invoker.calls[0][1:3] == ("orders", qualifier)


def test_an_event_is_taken_and_a_dry_run_runs_nothing() -> None:
    invoker = FakeInvoker()
    assert ask(invoker, x_amz_invocation_type="Event").status == 202
    assert ask(invoker, x_amz_invocation_type="DryRun").status == 204
    assert [call[0] for call in invoker.calls] == ["enqueue"]


def test_another_type_of_invocation_is_refused() -> None:
    invoker = FakeInvoker()
    answer = ask(invoker, x_amz_invocation_type="Async")
    assert (answer.status, answer.headers["X-Amzn-ErrorType"]) == (400, "ValidationException")
    assert invoker.calls == []


def test_the_client_context_is_handed_on() -> None:
    invoker = FakeInvoker()
    ask(invoker, x_amz_client_context=base64.b64encode(b'{"custom":{}}').decode())
    assert invoker.calls[0][-1] == '{"custom":{}}'
    assert ask(invoker, x_amz_client_context="%%").status == 400


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_an_unknown_function_is_refused_in_lambdas_form(kind: str) -> None:
    answer = ask(FakeInvoker(), "/2015-03-31/functions/nothing/invocations", x_amz_invocation_type=kind)
    assert answer.status == 404
    assert answer.headers["X-Amzn-ErrorType"] == "ResourceNotFoundException"
    body = json.loads(answer.body)
    assert (body["Type"], body["Message"]) == ("User", "Function not found: nothing")


def test_a_path_that_is_no_invocation() -> None:
    assert ask(FakeInvoker(), "/2015-03-31/functions").status == 404


def test_details_of_a_refusal_are_in_its_body() -> None:
    class Busy(FakeInvoker):
        def check(self, name: str, qualifier: str | None) -> None:
            raise InvokeError(429, "TooManyRequestsException", "Rate Exceeded.", Reason="Reserved")

    answer = ask(Busy())
    assert answer.status == 429
    assert json.loads(answer.body)["Reason"] == "Reserved"
