"""CloudWatch, CloudWatch Logs and EventBridge."""

from __future__ import annotations

import json

from tests.integration.sandbox.provider.calls import Aws, provider, refused

TAGS = [{"Key": "Stage", "Value": "observability"}]


@provider("aws:cloudwatch/metricAlarm:MetricAlarm", "cloudwatch/metric_alarm.go")
def alarm(aws: Aws) -> None:
    cloudwatch, arn = aws.cloudwatch, aws.arn("cloudwatch", "alarm:late")
    given = {
        "AlarmName": "late",
        "AlarmDescription": "first",
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:t"],
        "OKActions": ["arn:aws:sns:eu-west-1:123456789012:t"],
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": "q"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 900.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_metric_alarm(**given, Tags=TAGS)
    (found,) = cloudwatch.describe_alarms(AlarmNames=["late"], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    assert given.items() <= found.items()
    assert found["AlarmArn"] == arn
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    cloudwatch.put_metric_alarm(**given | {"AlarmDescription": "second", "Threshold": 1.5})
    (found,) = cloudwatch.describe_alarms(AlarmNames=["late"])["MetricAlarms"]
    assert (found["AlarmDescription"], found["Threshold"]) == ("second", 1.5)
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["Stage"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    cloudwatch.delete_alarms(AlarmNames=["late"])
    assert cloudwatch.describe_alarms(AlarmNames=["late"])["MetricAlarms"] == []

    metric = {"Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "a", "Value": "b"}]}
    queries = [
        {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}, "ReturnData": False},
        {"Id": "e", "Expression": "m / 2", "Label": "half", "ReturnData": True},
    ]
    cloudwatch.put_metric_alarm(
        AlarmName="half",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=queries,
    )
    (found,) = cloudwatch.describe_alarms(AlarmNames=["half"])["MetricAlarms"]
    assert found["Metrics"] == queries
    cloudwatch.delete_alarms(AlarmNames=["half"])


@provider("aws:cloudwatch/dashboard:Dashboard", "cloudwatch/dashboard.go")
def dashboard(aws: Aws) -> None:
    cloudwatch, name = aws.cloudwatch, "orders"
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": []}))
    found = cloudwatch.get_dashboard(DashboardName=name)
    assert json.loads(found["DashboardBody"]) == {"widgets": []}
    assert found["DashboardArn"] == "arn:aws:cloudwatch::123456789012:dashboard/orders"
    cloudwatch.delete_dashboards(DashboardNames=[name])
    refused("ResourceNotFound", cloudwatch.get_dashboard, DashboardName=name)


@provider("aws:cloudwatch/logGroup:LogGroup", "logs/group.go")
def log_group(aws: Aws) -> None:
    logs, name = aws.logs, "/aws/vendedlogs/pipes/x"
    arn = aws.arn("logs", f"log-group:{name}")
    key = aws.kms.create_key()["KeyMetadata"]["Arn"]
    logs.create_log_group(logGroupName=name, kmsKeyId=key, tags={"Stage": "pipe"})
    logs.put_retention_policy(logGroupName=name, retentionInDays=14)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (found["logGroupName"], found["retentionInDays"], found["kmsKeyId"]) == (name, 14, key)
    assert found["arn"] == f"{arn}:*"
    assert found["logGroupClass"] == "STANDARD"
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"Stage": "pipe"}
    logs.disassociate_kms_key(logGroupName=name)
    logs.delete_retention_policy(logGroupName=name)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert "kmsKeyId" not in found
    assert "retentionInDays" not in found
    logs.associate_kms_key(logGroupName=name, kmsKeyId=key)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert found["kmsKeyId"] == key
    logs.tag_resource(resourceArn=arn, tags={"a": "b"})
    logs.untag_resource(resourceArn=arn, tagKeys=["Stage"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    logs.delete_log_group(logGroupName=name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
    refused("ResourceNotFoundException", logs.delete_log_group, logGroupName=name)


@provider("aws:cloudwatch/logStream:LogStream", "logs/stream.go")
def log_stream(aws: Aws) -> None:
    logs = aws.logs
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="S3Delivery")
    (found,) = logs.describe_log_streams(logGroupName="group", logStreamNamePrefix="S3Delivery")["logStreams"]
    assert found["logStreamName"] == "S3Delivery"
    assert found["arn"] == aws.arn("logs", "log-group:group:log-stream:S3Delivery")
    logs.delete_log_stream(logGroupName="group", logStreamName="S3Delivery")
    assert logs.describe_log_streams(logGroupName="group", logStreamNamePrefix="S3Delivery")["logStreams"] == []
    logs.delete_log_group(logGroupName="group")
    refused("ResourceNotFoundException", logs.describe_log_streams, logGroupName="group")


@provider("aws:cloudwatch/eventBus:EventBus", "events/bus.go")
def event_bus(aws: Aws) -> None:
    events, arn = aws.events, aws.arn("events", "event-bus/domain")
    key = aws.kms.create_key()["KeyMetadata"]["Arn"]
    letters = {"Arn": aws.arn("sqs", "dead")}
    events.create_event_bus(
        Name="domain", Description="first", KmsKeyIdentifier=key, DeadLetterConfig=letters, Tags=TAGS
    )
    found = events.describe_event_bus(Name="domain")
    assert (found["Name"], found["Arn"], found["Description"]) == ("domain", arn, "first")
    assert (found["KmsKeyIdentifier"], found["DeadLetterConfig"]) == (key, letters)
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    events.update_event_bus(Name="domain", Description="second", KmsKeyIdentifier=key, DeadLetterConfig=letters)
    assert events.describe_event_bus(Name="domain")["Description"] == "second"
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["Stage"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    events.delete_event_bus(Name="domain")
    refused("ResourceNotFoundException", events.describe_event_bus, Name="domain")


@provider("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "events/bus_policy.go")
def event_bus_policy(aws: Aws) -> None:
    events = aws.events
    arn = events.create_event_bus(Name="policed")["EventBusArn"]
    statement = {"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    events.put_permission(EventBusName="policed", Policy=json.dumps(policy))
    assert json.loads(events.describe_event_bus(Name="policed")["Policy"]) == policy
    events.remove_permission(EventBusName="policed", RemoveAllPermissions=True)
    assert not events.describe_event_bus(Name="policed").get("Policy")
    events.delete_event_bus(Name="policed")


@provider("aws:cloudwatch/eventRule:EventRule", "events/rule.go")
def event_rule(aws: Aws) -> None:
    events = aws.events
    events.create_event_bus(Name="ruled")
    arn = aws.arn("events", "rule/ruled/paid")
    given = {"Name": "paid", "EventBusName": "ruled", "EventPattern": '{"source": ["order-cdc"]}', "State": "ENABLED"}
    events.put_rule(**given, Description="first", Tags=TAGS)
    found = events.describe_rule(Name="paid", EventBusName="ruled")
    assert given.items() <= found.items()
    assert (found["Arn"], found["Description"]) == (arn, "first")
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    events.put_rule(**given, Description="second")
    assert events.describe_rule(Name="paid", EventBusName="ruled")["Description"] == "second"
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["Stage"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    events.delete_rule(Name="paid", EventBusName="ruled")
    refused("ResourceNotFoundException", events.describe_rule, Name="paid", EventBusName="ruled")
    events.delete_event_bus(Name="ruled")


@provider("aws:cloudwatch/eventTarget:EventTarget", "events/target.go")
def event_target(aws: Aws) -> None:
    events, where = aws.events, {"Rule": "notified", "EventBusName": "targets"}
    events.create_event_bus(Name="targets")
    events.put_rule(Name="notified", EventBusName="targets", EventPattern='{"source": ["a"]}')
    target = {
        "Id": "queue",
        "Arn": aws.arn("sqs", "q"),
        "InputTransformer": {"InputPathsMap": {"id": "$.id"}, "InputTemplate": '{"id": <id>}'},
        "DeadLetterConfig": {"Arn": aws.arn("sqs", "dead")},
        "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400},
    }
    assert events.put_targets(**where, Targets=[target])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(**where)["Targets"] == [target]
    changed = target | {"RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60}}
    events.put_targets(**where, Targets=[changed])
    assert events.list_targets_by_rule(**where)["Targets"] == [changed]
    assert events.remove_targets(**where, Ids=["queue"])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(**where)["Targets"] == []
    events.delete_rule(Name="notified", EventBusName="targets")
    refused("ResourceNotFoundException", events.list_targets_by_rule, **where)
    events.delete_event_bus(Name="targets")
