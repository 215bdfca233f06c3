"""Orders for the end-to-end tests, with every kind of value that a column may meet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Change = tuple[str, dict[str, Any]]

_STATUSES = ("placed", "paid", "shipped", "delivered")
# Unexpected values for each column.
_ODDITIES: tuple[dict[str, Any], ...] = (
    {},
    {"gift": {"NULL": True}, "discount": {"NULL": True}},
    {"total": {"S": "12.50"}, "gift": {"S": "true"}, "status": {"N": "1"}},
    {"total": {"N": "12.345"}, "subtotal": {"N": "1E+3"}, "item_count": {"N": "4294967296"}},
    {"total": {"N": "-9999999999999999.99"}, "tax": {"N": "0.10"}, "discount": {"N": "1E-1"}},
    {"ordered_at": {"S": "2026-02-29T10:00:00Z"}, "updated_at": {"S": "2026-03-01T01:30:00.123456+02:00"}},
    {"shipping_address": {"S": "in words"}, "customer_id": {"S": ""}},
    {"shipping_address": {"M": {"city": {"S": 'Łódź, "old\ntown" 🛒'}, "lines": {"L": [{"S": "1"}, {"NULL": True}]}}}},
    {"tags": {"SS": ["a", "b"]}, "sizes": {"NS": ["1", "2.5"]}, "thumbnail": {"B": b"\x00\xff"}},
    {"S": {"S": "an attribute called S"}, "measure": {"N": "1234567890123456789012345678901234567.8"}},
)


def order(number: int, version: int, random: Random) -> dict[str, Any]:
    """Return an order as DynamoDB JSON; its number selects the unexpected values."""
    total = random.randrange(100, 10**7)
    return {
        "order_id": {"S": f"order-{number:06d}"},
        "version": {"N": str(version)},
        "status": {"S": _STATUSES[version % len(_STATUSES)]},
        "customer_id": {"S": f"customer-{random.randrange(100)}"},
        "channel": {"S": random.choice(["web", "store"])},
        "region": {"S": random.choice(["EMEA", "APAC"])},
        "country": {"S": "DE"},
        "currency": {"S": "EUR"},
        "payment_method": {"S": "card"},
        "item_count": {"N": str(random.randrange(1, 9))},
        "subtotal": {"N": f"{total / 100:.2f}"},
        "discount": {"N": "0"},
        "tax": {"N": "0.00"},
        "shipping_fee": {"N": "4.9"},
        "total": {"N": f"{total // 100}.{total % 100:02d}"},
        "gift": {"BOOL": random.random() < 0.5},
        "shipping_address": {"M": {"city": {"S": "München"}, "zip": {"S": "80331"}}},
        "ordered_at": {"S": "2026-11-22T10:11:12.131415Z"},
        "updated_at": {"S": f"2026-11-22T10:{version % 60:02d}:00Z"},
        **_ODDITIES[number % len(_ODDITIES)],
    }


def lives(first: int, count: int, seed: int) -> Iterator[Change]:
    """Yield the changes of `count` orders, interleaved, each order's in sequence: insert, updates, some deletes."""
    random = Random(seed)
    todo: dict[int, list[str]] = {}
    for number in range(first, first + count):
        todo[number] = ["insert", *["update"] * random.randrange(7), *["delete"] * (random.random() < 0.2)]
    versions = dict.fromkeys(todo, 0)
    while todo:
        number = random.choice(list(todo))
        op = todo[number].pop(0)
        versions[number] += op != "delete"
        yield op, order(number, versions[number], random)
        if not todo[number]:
            del todo[number]
