from __future__ import annotations

import json
from collections import Counter

from benchmarks.sandbox.requests import batches, changes, inserts


def test_every_change_has_an_effect_and_the_mix_is_the_load_generators() -> None:
    planned = changes("orders", 3000)

    there: dict[str, str] = {}
    for change in planned:
        assert change.op == "INSERT" or there.get(change.key) == "INSERT"
        assert change.op != "INSERT" or change.key not in there
        there[change.key] = change.op
    # From the time on at which there are orders to change.
    assert Counter(change.op for change in planned[-1000:]) == {"INSERT": 600, "MODIFY": 300, "REMOVE": 100}


def test_a_batch_has_the_inserts_in_their_order() -> None:
    planned = inserts("orders", 60)

    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in batches("orders", planned, 25)]

    sent = [put["PutRequest"]["Item"]["order_id"]["S"] for body in bodies for put in body["RequestItems"]["orders"]]
    assert sent == [change.key for change in planned]
    assert [len(body["RequestItems"]["orders"]) for body in bodies] == [25, 25, 10]
