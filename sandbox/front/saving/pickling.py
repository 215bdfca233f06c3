"""Conversion of a service's state to bytes, and back.

A backend is never part of a different backend's state: a reference to it is its name, so that each exists once after a
restart. What belongs to a process (locks, threads) is created again.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable
from types import FunctionType
from typing import Any, cast
from weakref import WeakValueDictionary

import moto.backends
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey
from moto.sqs.models import Queue

from sandbox.dynamodb.operations import DataPlane
from sandbox.front.saving import messages, objects

BackendName = tuple[str, str, str]
"""A backend's service, account and region."""

_RECREATED: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Condition: threading.Condition,
    threading.Event: threading.Event,
}


def dumps(state: object) -> bytes:
    """Serialize a state.

    Raises:
        Exception: something in it cannot be saved; the type depends on what it is.
    """
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(state)
    return file.getvalue()


def loads(content: bytes) -> Any:
    """Deserialize the result of `dumps`; both must be the same version of the program."""
    return _Unpickler(io.BytesIO(content)).load()


def backend_named(name: BackendName) -> BaseBackend:
    """The backend with a name; a new one is still empty."""
    service, account_id, region = name
    regions = service_backends(service)[account_id]
    if region not in regions.keys():  # noqa: SIM118 - `in` says yes of any region that AWS has
        new: Any = object.__new__
        regions[region] = new(regions.backend)
    return regions[region]


def service_backends(service: str) -> BackendDict[Any]:
    """moto's backends of a service, by account and region."""
    load: Any = moto.backends.get_backend
    return load(service)


def services_in_use() -> list[BackendDict[Any]]:
    """The services of which moto has any backend."""
    kept: Any = BackendDict
    return list(kept._instances)


def names_of(backends: BackendDict[Any]) -> list[BackendName]:
    """The names of all backends of a service."""
    return [(backends.service_name, account_id, region) for account_id, region, _ in backends.iter_backends()]


class _Pickler(pickle.Pickler):
    """Pickles a backend as its name, and omits what belongs to a process."""

    def persistent_id(self, obj: Any) -> BackendName | None:
        if not isinstance(obj, BaseBackend):
            return None
        for backends in services_in_use():
            for name in names_of(backends):
                if backend_named(name) is obj:
                    return name
        raise pickle.PicklingError(f"{obj!r} is not a backend of any service")

    def reducer_override(self, obj: object) -> Any:
        kind: type = type(obj)
        create = _RECREATED.get(kind)
        if create is not None:
            return create, ()
        if isinstance(obj, FakeKey):
            return objects.reduced(obj)
        if isinstance(obj, Queue):
            return messages.reduced(obj)
        if isinstance(obj, WeakValueDictionary):
            return WeakValueDictionary, (dict(cast("WeakValueDictionary[Any, Any]", obj)),)
        if isinstance(obj, defaultdict):
            filled = cast("defaultdict[Any, Any]", obj)
            return _defaultdict, (_default_of(filled),), None, None, iter(filled.items())
        if isinstance(obj, RSAPrivateKey | EllipticCurvePrivateKey):
            form = obj.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            return _key_pair, (form,)
        if isinstance(obj, DataPlane):
            return _nothing, ()
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: BackendName) -> BaseBackend:
        return backend_named(pid)


def _default_of(filled: defaultdict[Any, Any]) -> Any:
    """A dictionary's default factory; for a function without a name, the type of its result.

    Raises:
        pickle.PicklingError: the function's result is not empty.
    """
    factory: Any = filled.default_factory
    if not isinstance(factory, FunctionType) or "<" not in factory.__qualname__:
        return factory
    made: object = factory()
    if made or type(made)() != made:
        raise pickle.PicklingError(f"the default of a dictionary is {made!r}")
    return type(made)


def _key_pair(form: bytes) -> object:
    return load_der_private_key(form, None)


def _defaultdict(factory: Any) -> defaultdict[Any, Any]:
    return defaultdict(factory)


def _nothing() -> None:
    """A value that is rebuilt when it is first accessed."""
