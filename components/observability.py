"""The dashboard, the alarms, and the topic that the alarms publish to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarms import Alarm, alarms
from components.dashboard import body
from components.metrics import Pipeline
from components.permission import Permission, Principal, policy, tls_only
from components.stage import Context, Stage


class Observability(Stage):
    """A dashboard that follows a change from stage to stage, and alarms whose descriptions have the action to take.

    With `alarmEmail`, the alarms publish to an encrypted topic that sends them as mail. Exports `dashboard_name`.

    With `protect`, the dashboard blocks a destroy of the whole stack: it is protected, and it depends on everything in
    `stages` and on this stage's other resources. The engine deletes dependents first, refuses to delete a protected
    resource, and keeps the dependencies of a resource that it could not delete. So a destroy deletes nothing, while an
    update still deletes what the program no longer declares (pulumi's pkg/resource/deploy/deployment_executor.go and
    step_generator.go, ScheduleDeletes).
    """

    dashboard_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: Pipeline,
        context: Context,
        stages: Sequence[Stage] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("Observability", name, context, opts)
        mail = self._mail(name, context) if context.settings.alarm_email else []
        actions = [topic.arn for topic in mail if isinstance(topic, aws.sns.Topic)]
        created = [self._alarm(name, alarm, actions, context) for alarm in alarms(args, context.settings)]
        protect = context.settings.protect
        dashboard = aws.cloudwatch.Dashboard(
            name,
            aws.cloudwatch.DashboardArgs(
                dashboard_name=context.names("pipeline"),
                dashboard_body=body(
                    args,
                    context.region,
                    by_pipe=context.settings.capture_mode == "pipe",
                    with_events=context.settings.event_fanout,
                ),
            ),
            self.child([*stages, *mail, *created] if protect else [], protect=protect),
        )
        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"dashboard_name": self.dashboard_name})

    def _alarm(
        self, name: str, alarm: Alarm, actions: list[pulumi.Output[str]], context: Context
    ) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{alarm.name}",
            aws.cloudwatch.MetricAlarmArgs(
                name=context.names(alarm.name, 255),
                alarm_description=alarm.description,
                **_measured(alarm),
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.periods_over,
                comparison_operator=alarm.comparison,
                threshold=alarm.threshold,
                treat_missing_data="notBreaching",
                alarm_actions=actions,
                ok_actions=actions,
                tags=self.tags,
            ),
            self.child(),
        )

    def _mail(self, name: str, context: Context) -> list[pulumi.Resource]:
        """The topic that the alarms publish to, its policy and its mail subscription."""
        topic = aws.sns.Topic(
            name,
            aws.sns.TopicArgs(name=context.names("alarms"), kms_master_key_id=context.key_arn, tags=self.tags),
            self.child(),
        )
        publish = Permission(
            ("sns:Publish",),
            (topic.arn,),
            context.from_source(context.arn("cloudwatch", "alarm:*")),
            Principal("Service", "cloudwatch.amazonaws.com"),
        )
        publishers = aws.sns.TopicPolicy(
            name,
            aws.sns.TopicPolicyArgs(arn=topic.arn, policy=policy([publish, tls_only("sns:Publish", topic.arn)])),
            self.child(),
        )
        mailed = aws.sns.TopicSubscription(
            name,
            aws.sns.TopicSubscriptionArgs(
                topic=topic.arn, protocol="email", endpoint=context.settings.kept_secret("alarm_email")
            ),
            self.child(),
        )
        return [topic, publishers, mailed]


def _measured(alarm: Alarm) -> dict[str, Any]:
    """An alarm's metric arguments: a metric, or a Metrics Insights query.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Metrics_Insights_Alarm.html
    """
    metric = alarm.metric
    if metric.query:
        query = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="answer",
            expression=pulumi.Output.format(metric.query, **metric.dimensions),
            label=metric.name,
            period=alarm.period_seconds,
            return_data=True,
        )
        return {"metric_queries": [query]}
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": metric.dimensions,
        "statistic": metric.statistic,
        "period": alarm.period_seconds,
    }
