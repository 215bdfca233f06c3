"""Athena's data catalogues, and the versions of its engine.

https://docs.aws.amazon.com/athena/latest/APIReference/API_DataCatalog.html. Every account has AwsDataCatalog, the Glue
catalogue, which no call creates; moto lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.athena.models import DataCatalog, athena_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.paging import page_of
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError
from sandbox.state import ACCOUNT_ID

_DEFAULT = "AwsDataCatalog"
_GLUE = "GLUE"
_READY = "CREATE_COMPLETE"
_MAX_LISTED = 50
_ENGINES = {"AUTO": "Athena engine version 3", "Athena engine version 3": "Athena engine version 3"}


@answers("athena", "ListDataCatalogs")
def listed(call: ControlCall) -> Mapping[str, Any]:
    """List the account's default catalogue and those that were created."""
    summaries = [
        {"CatalogName": name, "Type": described["Type"], "Status": _READY}
        for name, described in _catalogs(call).items()
    ]
    page, more = page_of(
        summaries, lambda s: s["CatalogName"], call.parameters, _MAX_LISTED, error="InvalidRequestException"
    )
    return {"DataCatalogsSummary": page, **more}


@answers("athena", "GetDataCatalog")
def get(call: ControlCall) -> Mapping[str, Any]:
    """Return a catalogue by its name, whose case does not matter."""
    name: str = call.parameters["Name"]
    found = next((d for key, d in _catalogs(call).items() if key.lower() == name.lower()), None)
    if found is None:
        raise ServiceError("InvalidRequestException", f"Data catalog {name} was not found")
    return {"DataCatalog": found}


@answers("athena", "CreateDataCatalog")
def create(call: ControlCall) -> Mapping[str, Any]:
    """Store a catalogue; queries of the sandbox read only Glue's."""
    given, backend = call.parameters, backend_of(athena_backends, call.region)
    name: str = given["Name"]
    if name.lower() in {key.lower() for key in _catalogs(call)}:
        raise ServiceError("InvalidRequestException", f"DataCatalog {name} already exists")
    backend.create_data_catalog(
        name, given["Type"], given.get("Description", ""), given.get("Parameters", {}), given.get("Tags", [])
    )
    return {"DataCatalog": _described(backend.data_catalogs[name])}


@answers("athena", "DeleteDataCatalog")
def delete(call: ControlCall) -> Mapping[str, Any]:
    """Delete a catalogue; the account's default catalogue cannot be deleted."""
    backend, name = backend_of(athena_backends, call.region), call.parameters["Name"]
    catalog = backend.data_catalogs.pop(name, None)
    if catalog is None:
        raise ServiceError("InvalidRequestException", f"Data catalog {name} was not found")
    return {"DataCatalog": _described(catalog)}


@answers("athena", "ListEngineVersions")
def engines(call: ControlCall) -> Mapping[str, Any]:
    """List the engine versions that a workgroup can select; the sandbox runs SQL in one."""
    del call
    return {
        "EngineVersions": [
            {"SelectedEngineVersion": selected, "EffectiveEngineVersion": effective}
            for selected, effective in _ENGINES.items()
        ]
    }


def _catalogs(call: ControlCall) -> dict[str, dict[str, Any]]:
    created = backend_of(athena_backends, call.region).data_catalogs.values()
    own = {"Name": _DEFAULT, "Type": _GLUE, "Parameters": {"catalog-id": ACCOUNT_ID}, "Status": _READY}
    return {_DEFAULT: own} | {catalog.name: _described(catalog) for catalog in created}


def _described(catalog: DataCatalog) -> dict[str, Any]:
    described: dict[str, Any] = {
        "Name": catalog.name,
        "Type": catalog.type,
        "Parameters": catalog.parameters or {},
        "Status": _READY,
    }
    return described | ({"Description": catalog.description} if catalog.description else {})
