"""The AWS provider's calls, parsed from tests/integration/sandbox/provider: service and operation."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any, cast

import botocore
import botocore.session

from tests.integration.sandbox.provider import LIVES

# botocore has no types.
_names: Any = cast("Any", botocore).xform_name
_model: Any = cast("Any", botocore.session).get_session().get_service_model


def calls() -> set[tuple[str, str]]:
    """Return every service with the operation, such as ("sqs", "CreateQueue")."""
    found: set[tuple[str, str]] = set()
    for module in {life.live.__module__ for life in LIVES}:
        tree = ast.parse(inspect.getsource(importlib.import_module(module)))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                found.update(_of_function(function))
    return found


def _of_function(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    clients = dict(_clients(function))
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and (service := _service(node.value, clients)):
            operations = {_names(name): name for name in _model(service).operation_names}
            if node.attr in operations:
                yield service, operations[node.attr]


def _clients(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Return a function's names of clients, as in `iam, name = aws.iam, "x"`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            (target,) = node.targets
            pairs = (
                zip(target.elts, node.value.elts, strict=True)
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                else [(target, node.value)]
            )
            for name, value in pairs:
                if isinstance(name, ast.Name) and (service := _service(value, {})):
                    yield name.id, service


def _service(node: ast.expr, clients: dict[str, str]) -> str:
    match node:
        case ast.Attribute(value=ast.Name(id="aws"), attr=name):
            service = name.rstrip("_").replace("_", "-")
            return service if service in _services() else ""
        case ast.Name(id=name):
            return clients.get(name, "")
        case _:
            return ""


def _services() -> set[str]:
    session: Any = cast("Any", botocore.session).get_session()
    return set(session.get_available_services())
