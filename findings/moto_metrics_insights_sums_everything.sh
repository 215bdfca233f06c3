#!/usr/bin/env bash
# moto 5.2.5 with boto3 1.44.8 (PyPI); needs Python 3.11.
#
# GetMetricData accepts metric math and Metrics Insights queries as an Expression. In moto, a Metrics Insights query is
# the sum of the samples of all metrics in the period, whatever it selects, and an alarm's usual math (m1 / m2) is an
# empty result without an error, so that a test of an alarm's expression sees no data instead of a wrong value.
#
# Seen:
#   SELECT MAX(Errors): [107.0]
#   100 * errors / calls: []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "moto[cloudwatch]==5.2.5" boto3==1.44.8
venv/bin/python - <<'PY' | tee seen
from datetime import UTC, datetime, timedelta

import boto3
from moto import mock_aws

with mock_aws():
    metrics = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a")
    now = datetime.now(UTC)
    for name, value in (("Errors", 5.0), ("Errors", 2.0), ("Calls", 100.0)):
        sample = {"MetricName": name, "Value": value, "Timestamp": now}
        metrics.put_metric_data(Namespace="Shop", MetricData=[sample])

    def asked(*queries):
        found = metrics.get_metric_data(
            MetricDataQueries=list(queries), StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1)
        )
        return found["MetricDataResults"][0]["Values"]

    insights = {"Id": "q", "Expression": 'SELECT MAX(Errors) FROM "Shop"', "Period": 86400}
    print("SELECT MAX(Errors):", asked(insights))

    def stat(id_, name):
        metric = {"Namespace": "Shop", "MetricName": name}
        stat = {"Metric": metric, "Period": 86400, "Stat": "Sum"}
        return {"Id": id_, "MetricStat": stat, "ReturnData": False}

    ratio = {"Id": "r", "Expression": "100 * errors / calls"}
    print("100 * errors / calls:", asked(ratio, stat("errors", "Errors"), stat("calls", "Calls")))
PY
diff seen - <<'SEEN'
SELECT MAX(Errors): [107.0]
100 * errors / calls: []
SEEN
