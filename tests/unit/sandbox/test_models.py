"""The reader of botocore's models, beside botocore's own."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from sandbox.models import model_loader

OURS: Any = model_loader()
BOTOCORES: Any = Loader()


@pytest.mark.parametrize("service", ["athena", "dynamodbstreams", "s3"])
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_a_model_is_what_botocore_reads(service: str, kind: str) -> None:
    ours, botocores = (loader.load_service_model(service, kind) for loader in (OURS, BOTOCORES))
    assert ours == botocores
    assert [*ours] == [*botocores]


def test_what_is_not_a_service_has_its_model_too() -> None:
    assert OURS.load_data("endpoints") == BOTOCORES.load_data("endpoints")


def test_an_unknown_service_is_refused_as_by_botocore() -> None:
    said: list[str] = []
    for loader in (OURS, BOTOCORES):
        with pytest.raises(UnknownServiceError) as refused:
            loader.load_service_model("dynamo", "service-2")
        said.append(str(refused.value))
    assert said[0] == said[1]
