"""The control plane: it applies the registered refusals, handlers and amendments to each control call."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sandbox.front.control import services
from sandbox.front.control.absent import failed, is_page, lacking, refusal_of_unknown
from sandbox.front.control.call import ControlCall, parse
from sandbox.front.control.conforming import conformed
from sandbox.front.control.output import amended, error_of, members_of, reply_of
from sandbox.front.control.registry import amendments_of, answer_of, refusal_of
from sandbox.front.control.subresources import refusal_of_misread, refusal_of_misread_object
from sandbox.front.control.translation import translation_of
from sandbox.front.protocols import error_in_protocol, signed_for
from sandbox.front.reply import HttpReply, Request, ServiceError
from sandbox.refusals import objects

log = logging.getLogger(__name__)


class ControlPlane:
    """Handles every request that is neither a data call nor handled by a separate process."""

    def __init__(
        self, moto: Callable[[Request], HttpReply], called: Callable[[Request, ControlCall | None], None] | None = None
    ) -> None:
        """`called` receives each call after it is handled, refused or not."""
        services.load()
        self._moto = moto
        self._called = called

    def __call__(self, request: Request) -> HttpReply:
        """Return the reply, by default moto's; an error has the form of the request's protocol."""
        try:
            translation = translation_of(request)
            if translation is None:
                return self._in_model_protocol(request)
            return translation.reply(self._in_model_protocol(translation.request))
        except ServiceError as error:
            return error_in_protocol(request, error)

    def _in_model_protocol(self, request: Request) -> HttpReply:
        call = parse(request)
        try:
            return self._answer_unparsed(request) if call is None else self._answer(call)
        except ServiceError as error:
            if call is None:
                raise
            return error_of(call, error)
        finally:
            if self._called is not None:
                self._called(request, call)

    def _answer_unparsed(self, request: Request) -> HttpReply:
        if error := refusal_of_unknown(request) or refusal_of_misread_object(request) or _refused_by_s3(request):
            raise error
        return self._by_moto(request, _path_of(request))

    def _answer(self, call: ControlCall) -> HttpReply:
        if error := refusal_of_misread(call) or _refused_by_s3(call.request) or _refused(call):
            raise error
        if answer := answer_of(call):
            found = answer(call)
            return found if isinstance(found, HttpReply) else reply_of(call, found or {})
        reply = self._by_moto(call.request, f"{call.service} {call.operation}")
        if reply.status >= 300:
            return reply
        reply, amendments = conformed(call, reply), amendments_of(call)
        if not amendments:
            return reply
        members = members_of(call, reply)
        for amend in amendments:
            amend(call, members)
        return amended(call, reply, members)

    def _by_moto(self, request: Request, what: str) -> HttpReply:
        try:
            reply = self._moto(request)
        except (NotImplementedError, ModuleNotFoundError):
            # moto needs a module that is not installed, for a service that the program does not use.
            raise lacking(request, what) from None
        except Exception as error:
            log.exception("moto failed at %s", what)
            raise failed(what, error) from error
        if is_page(reply) and signed_for(request) is not None:
            raise lacking(request, what)
        return reply


def _refused(call: ControlCall) -> ServiceError | None:
    try:
        return refusal_of(call)
    except ValueError as error:
        # The request does not match the operation's shape: mhart/kinesalite's index.js has the error that AWS returns
        # for JSON; for other protocols moto returns its own.
        return ServiceError("SerializationException", str(error)) if call.protocol == "json" else None


def _refused_by_s3(request: Request) -> ServiceError | None:
    signed = signed_for(request)
    return objects.refuse(request) if signed is not None and signed.service == "s3" else None


def _path_of(request: Request) -> str:
    signed = signed_for(request)
    return f"{signed.service if signed else 'a service'}'s {request.method} {request.path}"
