"""Each component can be used without the others."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest

from components.analytics import Analytics, AnalyticsArgs
from components.capture import Capture, CaptureArgs
from components.catalogue import Catalogue, CatalogueArgs
from components.consumer import Consumer, ConsumerArgs
from components.delivery import Delivery, DeliveryArgs
from components.encryption import Encryption
from components.event_pipe import EventPipe, EventPipeArgs
from components.fanout import Fanout, FanoutArgs
from components.lake import Lake
from components.merge_schedule import MergeSchedule, MergeScheduleArgs
from components.metrics import Pipeline
from components.observability import Observability
from components.pipe import Pipe, PipeArgs
from components.shorten_function import ShortenFunction, ShortenFunctionArgs
from components.stage import Context, Stage
from components.table import Table
from components.transform_function import TransformFunction, TransformFunctionArgs
from tests.unit.components.running import Alone

TABLE_STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/theirs/stream/2026-01-01T00:00:00.000"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs"
BUCKET = "arn:aws:s3:::theirs"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/theirs"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:theirs"
CODE = pulumi.StringAsset("")


def code() -> pulumi.Archive:
    return pulumi.AssetArchive({"transform/handler.py": CODE})


COMPONENTS: dict[str, Callable[[Context], Stage]] = {
    "Encryption": lambda context: Encryption("one", context),
    "Table": lambda context: Table("one", context),
    "Capture": lambda context: Capture("one", CaptureArgs("theirs", TABLE_STREAM, code()), context),
    "Pipe": lambda context: Pipe("one", PipeArgs(TABLE_STREAM, STREAM, QUEUE), context),
    "Lake": lambda context: Lake("one", context),
    "Catalogue": lambda context: Catalogue("one", CatalogueArgs("theirs", BUCKET), context),
    "Shorten": lambda context: ShortenFunction("one", ShortenFunctionArgs(code()), context),
    "Transform": lambda context: TransformFunction("one", TransformFunctionArgs(code()), context),
    "Delivery": lambda context: Delivery("one", DeliveryArgs(STREAM, BUCKET, "a_database", "a_log", code()), context),
    "Analytics": lambda context: Analytics("one", AnalyticsArgs("theirs", "a_database"), context),
    "Fanout": lambda context: Fanout("one", FanoutArgs(STREAM), context),
    "EventPipe": lambda context: EventPipe("one", EventPipeArgs(STREAM, BUS, QUEUE), context),
    "Consumer": lambda context: Consumer("one", ConsumerArgs("theirs", QUEUE), context),
    "Merge": lambda context: MergeSchedule("one", MergeScheduleArgs("theirs", BUCKET, "a_database", "theirs"), context),
    "Observability": lambda context: Observability("one", Pipeline(*["theirs"] * 8), context),
}


@pytest.mark.parametrize("kind", COMPONENTS)
def test_a_component_can_be_used_alone_and_repeatedly(kind: str, alone: Alone) -> None:
    graph = alone(COMPONENTS[kind])
    (top,) = graph.children("")
    assert top.type == f"sales-analytics-cdc:pipeline:{kind}"
    assert any(resource.custom for resource in graph.resources)
    assert all(resource.name.startswith("one") for resource in graph.resources)


@pytest.mark.parametrize("kind", COMPONENTS)
def test_a_component_says_what_it_makes_and_what_it_gives(kind: str) -> None:
    classes = {
        class_.__name__.removesuffix("Function").removesuffix("Schedule"): class_
        for class_ in (
            Encryption,
            Table,
            Capture,
            Pipe,
            Lake,
            Catalogue,
            ShortenFunction,
            TransformFunction,
            Delivery,
            Analytics,
            Fanout,
            EventPipe,
            Consumer,
            MergeSchedule,
            Observability,
        )
    }
    words = " ".join((classes[kind].__doc__ or "").split())
    assert "Exports `" in words
    for attribute in classes[kind].__annotations__:
        assert f"`{attribute}`" in words, (kind, attribute)


@pytest.mark.parametrize("kind", COMPONENTS)
def test_a_component_registers_its_outputs(kind: str, alone: Alone) -> None:
    made: list[Stage] = []
    alone(lambda context: made.append(COMPONENTS[kind](context)))
    (component,) = made
    given = [name for name in type(component).__annotations__ if isinstance(getattr(component, name), pulumi.Output)]
    assert given == list(type(component).__annotations__)
