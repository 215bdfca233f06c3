"""The fan-out of domain events: an event bus, the Pipe that publishes to it, and an example consumer."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.consumer import Consumer, ConsumerArgs
from components.event_pipe import EventPipe, EventPipeArgs
from components.permission import EVENTS, Permission, Principal, policy
from components.queue import Queue
from components.settings import SettingsError
from components.stage import Context, Stage


@dataclass(frozen=True)
class FanoutArgs:
    """The ARN of the Kinesis stream of the changes."""

    stream_arn: pulumi.Input[str]


class Fanout(Stage):
    """A bus of domain events (`eventFanout`), and a queue as an example consumer.

    The schema names the events; `largeOrderThreshold` is the value of its "at least". One dead-letter queue receives
    what the Pipe cannot deliver, what EventBridge cannot deliver or encrypt, and what the consumer fails to process.
    Exports `event_bus_name`, `event_queue_url`, `event_queue_name`, `event_pipe_name` and
    `event_dead_letter_queue_name`. Raises SettingsError when the schema names no events.
    """

    event_bus_name: pulumi.Output[str]
    event_queue_url: pulumi.Output[str]
    event_queue_name: pulumi.Output[str]
    event_pipe_name: pulumi.Output[str]
    event_dead_letter_queue_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: FanoutArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Fanout", name, context, opts)
        if not context.table.events:
            raise SettingsError(
                f"eventFanout is true, but transform/schema.py names no events of the {context.table.entity} table: "
                "name some, or set eventFanout to false."
            )
        dead_letters = self._dead_letters(name)
        bus = aws.cloudwatch.EventBus(
            name,
            aws.cloudwatch.EventBusArgs(
                name=bus_name(context),
                description=f"Domain events of the {context.table.entity} table",
                kms_key_identifier=context.key_arn,
                dead_letter_config=aws.cloudwatch.EventBusDeadLetterConfigArgs(arn=dead_letters.arn),
                tags=self.tags,
            ),
            self.child([dead_letters]),
        )
        pipe = EventPipe(
            f"{name}-pipe", EventPipeArgs(args.stream_arn, bus.arn, dead_letters.arn), context, self.child()
        )
        put = Permission(
            ("events:PutEvents",), (bus.arn,), principal=Principal("AWS", pipe.role_arn), sid="ThePipeAlone"
        )
        # EventBridge refuses a principal that does not exist yet, and the provider does not retry: the creation of a
        # pipe takes long enough for its role to propagate.
        aws.cloudwatch.EventBusPolicy(
            name,
            aws.cloudwatch.EventBusPolicyArgs(event_bus_name=bus.name, policy=policy([put])),
            self.child([pipe]),
        )
        consumer = Consumer(f"{name}-consumer", ConsumerArgs(bus.name, dead_letters.arn), context, self.child())
        self.event_bus_name = bus.name
        self.event_queue_url = consumer.queue_url
        self.event_queue_name = consumer.queue_name
        self.event_pipe_name = pipe.pipe_name
        self.event_dead_letter_queue_name = dead_letters.name
        self.register_outputs({"event_bus_name": self.event_bus_name, "event_queue_url": self.event_queue_url})

    def _dead_letters(self, name: str) -> Queue:
        def send(queue_arn: pulumi.Output[str]) -> list[Permission]:
            return [
                Permission(("sqs:SendMessage",), (queue_arn,), self.context.from_source(source), EVENTS)
                for source in event_sources(self.context)
            ]

        return Queue(f"{name}-dead-letters", self, "event-dead-letters", send)


def bus_name(context: Context) -> str:
    """The bus's name."""
    return context.names("events")


def event_sources(context: Context) -> list[pulumi.Output[str]]:
    """The ARNs on whose behalf EventBridge acts: the bus, and its rules."""
    return [
        context.arn("events", f"event-bus/{bus_name(context)}"),
        context.arn("events", f"rule/{bus_name(context)}/*"),
    ]
