"""The domain events, told to whoever listens: an event bus, the Pipe that fills it, and an example consumer."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.consumer import Consumer, ConsumerArgs
from components.event_pipe import EventPipe, EventPipeArgs
from components.permission import EVENTS, Permission, Principal, policy
from components.queue import Queue
from components.settings import SettingsError
from components.stage import Site, Stage


@dataclass(frozen=True)
class FanoutArgs:
    """What a fan-out needs: the ARN of the Kinesis stream that the changes are in."""

    stream_arn: pulumi.Input[str]


class Fanout(Stage):
    """A bus of domain events beside the lake (`eventFanout`), and a queue as the example of a consumer.

    The events are those that the schema names; `largeOrderThreshold` is what "at
    least" means there. One dead-letter queue takes what the Pipe gives up, what
    EventBridge cannot deliver or encrypt, and what the consumer fails at.
    Exports `event_bus_name`, `event_queue_url`, `event_queue_name`, `event_pipe_name`
    and `event_dead_letter_queue_name`. SettingsError when the schema names no events.
    """

    event_bus_name: pulumi.Output[str]
    event_queue_url: pulumi.Output[str]
    event_queue_name: pulumi.Output[str]
    event_pipe_name: pulumi.Output[str]
    event_dead_letter_queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: FanoutArgs, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Fanout", name, site, opts)
        if not site.table.events:
            raise SettingsError(
                f"eventFanout is true, but transform/schema.py names no events of the {site.table.entity} table: "
                "name some, or set eventFanout to false."
            )
        dead_letters = self._dead_letters(name)
        bus = aws.cloudwatch.EventBus(
            name,
            aws.cloudwatch.EventBusArgs(
                name=bus_name(site),
                description=f"Domain events of the {site.table.entity} table",
                kms_key_identifier=site.key_arn,
                dead_letter_config=aws.cloudwatch.EventBusDeadLetterConfigArgs(arn=dead_letters.arn),
                tags=self.tags,
            ),
            self.child([dead_letters]),
        )
        pipe = EventPipe(f"{name}-pipe", EventPipeArgs(args.stream_arn, bus.arn, dead_letters.arn), site, self.child())
        put = Permission(
            ("events:PutEvents",), (bus.arn,), principal=Principal("AWS", pipe.role_arn), sid="ThePipeAlone"
        )
        # EventBridge refuses a principal that it does not know yet, and the provider does not try again:
        # a pipe takes long enough to be made for its role to be known.
        aws.cloudwatch.EventBusPolicy(
            name,
            aws.cloudwatch.EventBusPolicyArgs(event_bus_name=bus.name, policy=policy([put])),
            self.child([pipe]),
        )
        consumer = Consumer(f"{name}-consumer", ConsumerArgs(bus.name, dead_letters.arn), site, self.child())
        self.event_bus_name = bus.name
        self.event_queue_url = consumer.queue_url
        self.event_queue_name = consumer.queue_name
        self.event_pipe_name = pipe.pipe_name
        self.event_dead_letter_queue_name = dead_letters.name
        self.register_outputs({"event_bus_name": self.event_bus_name, "event_queue_url": self.event_queue_url})

    def _dead_letters(self, name: str) -> Queue:
        def send(queue_arn: pulumi.Output[str]) -> list[Permission]:
            return [
                Permission(("sqs:SendMessage",), (queue_arn,), self.site.from_source(source), EVENTS)
                for source in event_sources(self.site)
            ]

        return Queue(f"{name}-dead-letters", self, "event-dead-letters", send)


def bus_name(site: Site) -> str:
    """The bus's name."""
    return site.names("events")


def event_sources(site: Site) -> list[pulumi.Output[str]]:
    """The ARNs for which EventBridge acts by itself: the bus, and the rules on it."""
    return [site.arn("events", f"event-bus/{bus_name(site)}"), site.arn("events", f"rule/{bus_name(site)}/*")]
