"""The measured batches: seeded changes of orders in a pipe's form, in Firehose's event."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

Item = dict[str, Any]

SHARES = {"INSERT": 0.6, "MODIFY": 0.3, "REMOVE": 0.1}
_LEAST_WITH_IMAGES = 400
_CITIES = ["Berlin", "Lyon", "Madrid", "Osaka", "Boston", "São Paulo", "Köln", "Leeds", "Austin", "Turin"]
_STATUSES = ["placed", "paid", "shipped", "delivered", "cancelled"]
_STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-dev/stream/2026-11-22T09:00:00.000"


def batch(records: int, mean_bytes: int, seed: int = 1) -> dict[str, Any]:
    """Firehose's event of a number of changes, whose records have `mean_bytes` on average.

    An order has the schema's attributes, some with the optional ones (discount, shipping fee, gift), in random order,
    because DynamoDB keeps no order. A note fills up the size; if the attributes exceed the size, the last ones are
    omitted. Below 400 bytes images do not fit: the changes then have only the key and the required members.
    """
    chosen = random.Random(seed)
    ops = [op for op, share in SHARES.items() for _ in range(round(records * share))]
    ops += ["INSERT"] * (records - len(ops))
    chosen.shuffle(ops)
    orders = [_order(chosen, index) for index in range(len(ops))]
    if mean_bytes < _LEAST_WITH_IMAGES:
        return event(
            [_text(_keys_only(op, order, index)) for index, (op, order) in enumerate(zip(ops, orders, strict=True))]
        )
    changes = [_change(op, order, index) for index, (op, order) in enumerate(zip(ops, orders, strict=True))]
    images = 1 + SHARES["MODIFY"]
    spare = mean_bytes - sum(map(len, map(_text, changes))) / len(changes)
    if spare > 20 * images:
        note = "x" * round(spare / images - len('"note":{"S":""},'))
        changes = [
            _change(op, order | {"note": {"S": note}}, index)
            for index, (op, order) in enumerate(zip(ops, orders, strict=True))
        ]
    while spare < -20 and len(orders[0]) > 2:
        orders = [dict(list(order.items())[:-1]) for order in orders]
        changes = [_change(op, order, index) for index, (op, order) in enumerate(zip(ops, orders, strict=True))]
        spare = mean_bytes - sum(map(len, map(_text, changes))) / len(changes)
    return event([_text(change) for change in changes])


def event(contents: list[bytes]) -> dict[str, Any]:
    """Firehose's event of these records, from a Kinesis source."""
    sequence = 49546986683135544286507457936321625675700192471156785154
    return {
        "invocationId": "2b4d1ad9-2f48-94bd-a088-767c317e994a",
        "sourceKinesisStreamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/changes",
        "deliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/delivery",
        "region": "eu-west-1",
        "records": [
            {
                "recordId": f"{sequence + index}000000",
                "approximateArrivalTimestamp": 1795356188000,
                "data": base64.b64encode(content).decode(),
                "kinesisRecordMetadata": {
                    "sequenceNumber": str(sequence + index),
                    "subsequenceNumber": 0,
                    "partitionKey": f"7f3a91c2-a{index:08d}",
                    "shardId": "shardId-000000000000",
                    "approximateArrivalTimestamp": 1795356188000,
                },
            }
            for index, content in enumerate(contents)
        ],
    }


def _order(chosen: random.Random, index: int) -> Item:
    def money(limit: int) -> Item:
        return {"N": f"{chosen.randrange(1, limit) / 100:.2f}".rstrip("0").rstrip(".")}

    second = f"2026-11-22T14:{index // 60 % 60:02d}:{index % 60:02d}"
    order: Item = {
        "order_id": {"S": f"7f3a91c2-a{index:08d}"},
        "status": {"S": chosen.choice(_STATUSES)},
        "version": {"N": str(chosen.randrange(1, 6))},
        "customer_id": {"S": f"c-{chosen.randrange(10**6):06d}"},
        "total": money(200_000),
        "ordered_at": {"S": f"{second}.{chosen.randrange(10**6):06d}Z"},
        "updated_at": {"S": f"{second}.{chosen.randrange(10**6):06d}Z"},
        "channel": {"S": chosen.choice(["web", "mobile", "store", "marketplace", "phone"])},
        "region": {"S": chosen.choice(["AMER", "EMEA", "APAC", "LATAM"])},
        "country": {"S": chosen.choice(["DE", "FR", "US", "JP", "BR"])},
        "currency": {"S": chosen.choice(["EUR", "USD", "JPY", "BRL"])},
        "payment_method": {"S": chosen.choice(["card", "paypal", "invoice"])},
        "item_count": {"N": str(chosen.randrange(1, 12))},
        "subtotal": money(200_000),
        "tax": money(40_000),
        "shipping_address": {"M": {"city": {"S": chosen.choice(_CITIES)}}},
    }
    optional = {"discount": money(5_000), "shipping_fee": money(2_000), "gift": {"BOOL": True}}
    return order | {name: value for name, value in optional.items() if chosen.random() < 0.35}


def _change(op: str, order: Item, index: int) -> Item:
    names = sorted(order, key=lambda name: (len(name) * 7 + ord(name[0]) * 5) % 13)
    new = {name: order[name] for name in names}
    old = new | {"status": {"S": "placed"}}
    change: Item = {"ApproximateCreationDateTime": 1795356187 + index // 250, "Keys": {"order_id": order["order_id"]}}
    change |= {"NewImage": new} if op != "REMOVE" else {}
    change |= {"OldImage": old} if op != "INSERT" else {}
    change |= {
        "SequenceNumber": str(4421584500000000017450439 + index),
        "SizeBytes": 612,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    return {
        "eventID": f"{index * 2654435761 % 2**32:032x}",
        "eventName": op,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": _STREAM,
    }


def _keys_only(op: str, order: Item, index: int) -> Item:
    change = _change(op, order, index)
    needed = ("ApproximateCreationDateTime", "Keys", "SequenceNumber")
    return {
        "eventID": change["eventID"],
        "eventName": op,
        "dynamodb": {name: change["dynamodb"][name] for name in needed},
    }


def _text(change: Item) -> bytes:
    return json.dumps(change, separators=(",", ":"), ensure_ascii=False).encode()
