"""botocore's models of services, read by msgspec: in a third less time than by botocore's own reader.

A process of the sandbox reads several at its start, the largest of half a megabyte.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUntypedFunctionDecorator=false
# botocore's loaders are untyped.

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import DataNotFoundError
from botocore.loaders import JSONFileLoader, Loader, instance_cache

_ENDINGS = (".json", ".json.gz")


class ModelFiles(JSONFileLoader):
    """Reads a model; the members of its objects keep the file's order, as in botocore's reader."""

    def load_file(self, file_path: str) -> Any:
        """The content of a file, whose path has no extension; None if it does not exist."""
        for ending in _ENDINGS:
            path = Path(file_path + ending)
            if path.is_file():
                content = path.read_bytes()
                return msgspec.json.decode(gzip.decompress(content) if ending.endswith(".gz") else content)
        return None


class ModelLoader(Loader):
    """botocore's loader, which does not first list all services, thousands of files, for each kind of model."""

    @instance_cache
    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """The model of a service, with its extras.

        Raises:
            UnknownServiceError: there is no such service.
        """
        try:
            version = api_version or self.determine_latest_version(service_name, type_name)
        except DataNotFoundError:
            # Its error names the known services.
            return super().load_service_model(service_name, type_name, api_version)
        model = self.load_data(f"{service_name}/{version}/{type_name}")
        self._extras_processor.process(model, self._find_extras(service_name, type_name, version))
        return model


def model_loader() -> Loader:
    """A `data_loader` for a session of botocore."""
    return ModelLoader(file_loader=ModelFiles())
