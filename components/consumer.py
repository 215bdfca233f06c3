"""An example consumer of the domain events: a queue, and a rule for each event that routes to it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import domain
from components.permission import EVENTS, Permission
from components.queue import Queue, tried_as_long_as_can_be
from components.stage import Context, Stage
from transform.schema import DomainEvent


@dataclass(frozen=True)
class ConsumerArgs:
    """The bus's name, and the ARN of the dead-letter queue."""

    bus_name: pulumi.Input[str]
    dead_letters_arn: pulumi.Input[str]


class Consumer(Stage):
    """A queue that receives a message for each domain event, and the rules that send it.

    A message is {"event": the event's name, "id": the bus's id of it, "change": the detail of `domain.detail`}. Events
    that EventBridge cannot deliver within a day, and messages that the consumer fails to process five times, go to the
    dead-letter queue. Exports `queue_url` and `queue_name`.
    """

    queue_url: pulumi.Output[str]
    queue_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ConsumerArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Consumer", name, context, opts)

        def send(queue_arn: pulumi.Output[str]) -> tuple[Permission]:
            rules = context.arn("events", pulumi.Output.concat("rule/", args.bus_name, "/*"))
            return (Permission(("sqs:SendMessage",), (queue_arn,), context.from_source(rules), EVENTS),)

        queue = Queue(name, self, "events", send, gives_up_to=args.dead_letters_arn)
        for event in context.table.events:
            self._rule(f"{name}-{domain.slug(event)}", event, args, queue)
        self.queue_url = queue.url
        self.queue_name = queue.name
        self.register_outputs({"queue_url": self.queue_url, "queue_name": self.queue_name})

    def _rule(self, name: str, event: DomainEvent, args: ConsumerArgs, queue: Queue) -> None:
        context = self.context
        rule = aws.cloudwatch.EventRule(
            name,
            aws.cloudwatch.EventRuleArgs(
                name=context.names(domain.slug(event)),
                description=f"{event.name.capitalize()}: to the queue of the example consumer",
                event_bus_name=args.bus_name,
                event_pattern=domain.pattern(
                    context.table, event, context.settings.large_order_threshold, context.names.prefix
                ),
                tags=self.tags,
            ),
            self.child(),
        )
        aws.cloudwatch.EventTarget(
            name,
            aws.cloudwatch.EventTargetArgs(
                rule=rule.name,
                event_bus_name=args.bus_name,
                target_id="queue",
                arn=queue.arn,
                input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(
                    input_paths={"id": "$.id", "change": "$.detail"},
                    input_template=f'{{"event": {json.dumps(event.name)}, "id": "<id>", "change": <change>}}',
                ),
                dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
                retry_policy=tried_as_long_as_can_be(),
            ),
            # A target whose queue policy does not allow it yet would send the first events to the dead-letter queue.
            self.child([queue]),
        )
