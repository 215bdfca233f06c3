#!/usr/bin/env bash
# PynamoDB 6.1.0 with moto 5.2.5 and boto3 1.44.8 (PyPI); needs Python 3.11.
#
# DynamoDB's CancellationReasons have the order of the request's TransactItems, and the SDKs send them in the program's
# order. PynamoDB's TransactWrite collects them by kind and sends condition checks first, then deletes, puts and
# updates, so that the reason at an index does not belong to the statement at this index of the program.
#
# Seen:
#   written: put, update, condition_check
#   sent: ConditionCheck, Put, Update
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pynamodb==6.1.0 "moto[dynamodb]==5.2.5" boto3==1.44.8
AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=a venv/bin/python - <<'PY' | tee seen
import json

from moto import mock_aws
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

with mock_aws():

    class Order(Model):
        class Meta:
            table_name, region = "orders", "us-east-1"

        order = UnicodeAttribute(hash_key=True)
        total = NumberAttribute(default=0)

    Order.create_table(billing_mode="PAY_PER_REQUEST", wait=True)
    Order("updated").save()
    Order("checked").save()
    connection = Connection(region="us-east-1")
    sent = []
    inner = connection.dispatch

    def dispatch(operation, arguments):
        sent.append(json.loads(json.dumps(arguments)))
        return inner(operation, arguments)

    connection.dispatch = dispatch
    with TransactWrite(connection=connection) as transaction:
        transaction.save(Order("put"))
        transaction.update(Order("updated"), actions=[Order.total.set(1)])
        transaction.condition_check(Order, "checked", condition=Order.order.exists())
    print("written: put, update, condition_check")
    print("sent:", ", ".join(next(iter(item)) for item in sent[-1]["TransactItems"]))
PY
diff seen - <<'SEEN'
written: put, update, condition_check
sent: ConditionCheck, Put, Update
SEEN
