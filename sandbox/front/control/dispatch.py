"""Takes each control call to who refuses, answers or amends it."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.front.control import services
from sandbox.front.control.call import Call, parse
from sandbox.front.control.cbor import answered
from sandbox.front.control.output import amended, error_of, members_of, reply_of
from sandbox.front.control.registry import amendments_of, answer_of, refusal_of
from sandbox.front.reply import Reply, Request, ServiceError


class Control:
    """Answers every request that is no data call and that no process of its own answers."""

    def __init__(self, moto: Callable[[Request], Reply]) -> None:
        services.load()
        self._moto = moto

    def __call__(self, request: Request) -> Reply:
        """The answer, moto's where nobody else has one."""
        reply = answered(request, self._in_model_protocol)
        return self._in_model_protocol(request) if reply is None else reply

    def _in_model_protocol(self, request: Request) -> Reply:
        call = parse(request)
        if call is None:
            return self._moto(request)
        try:
            return self._answer(call)
        except ServiceError as error:
            return error_of(call, error)

    def _answer(self, call: Call) -> Reply:
        if error := _refused(call):
            raise error
        if answer := answer_of(call):
            return reply_of(call, answer(call) or {})
        try:
            reply = self._moto(call.request)
        except NotImplementedError:
            # Not a 500, which SDKs try again and again: the provider does so 25 times.
            raise ServiceError(
                "UnknownOperationException", f"The sandbox does not have {call.service} {call.operation}.", status=501
            ) from None
        amendments = amendments_of(call)
        if not amendments or reply.status >= 300:
            return reply
        members = members_of(call, reply)
        for amend in amendments:
            amend(call, members)
        return amended(call, reply, members)


def _refused(call: Call) -> ServiceError | None:
    try:
        return refusal_of(call)
    except ValueError:
        # Not of the operation's form: moto says so in its way.
        return None
