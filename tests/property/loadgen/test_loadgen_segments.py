"""A plan split into segments makes the same writes as the whole."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.dynamodb.item import item_size, write_units
from loadgen.dynamodb.writes import Transaction, Write, WriteResult
from loadgen.schedule.keys import LANES, AnyKeys, HotSet, Latest, Uniform, Zipfian
from loadgen.schedule.mix import OPS, READS, Mix
from loadgen.schedule.plan import NO_PRELOAD, Plan, Preload
from loadgen.schedule.profile import Constant
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import Pools
from tests.property.loadgen.plans import EPOCH_NS, orders_of

weights = st.integers(min_value=0, max_value=9)
mixes = st.builds(
    Mix,
    insert=st.integers(min_value=1, max_value=9),
    update=weights,
    delete=weights,
    get=weights,
    query=weights,
    transact=weights,
)


def constant_plan(
    mix: Mix, seed: int, rate: float, duration_s: float, keys: AnyKeys, item_bytes: int, preload: Preload
) -> Plan:
    profile = Constant(rate, duration_s)
    return Plan(profile=profile, seed=seed, mix=mix, keys=keys, item_bytes=item_bytes, preload=preload)


plans = st.builds(
    constant_plan,
    mixes,
    st.integers(min_value=0, max_value=2**31),
    st.sampled_from([1.0, 7.3, 100.0, 1000.0]),
    st.sampled_from([0.5, 1.0, 3.0]),
    st.sampled_from([Uniform(0.0), Uniform(0.05), Uniform(), Latest(), Zipfian(), HotSet(3)]),
    st.sampled_from([0, 0, 2048]),
    st.sampled_from([NO_PRELOAD, Preload(1, 0.5), Preload(40, 20.0)]),
)


def writes_of(plan: Plan, pools: Pools, *, whole_items: bool = False) -> dict[int, Write]:
    """Return all writes of the plan's segment by arrival, each acknowledged immediately."""
    orders = orders_of(plan, pools, whole_items=whole_items)
    writes: dict[int, Write] = {}
    for arrival in orders.arrivals(plan.offsets_ns()):
        write = writes[arrival.index] = orders.write(arrival)
        orders.finish(write, WriteResult.APPLIED)
    return writes


def changes_of(writes: dict[int, Write]) -> Iterator[tuple[int, Write]]:
    """Return the changes by arrival: all of a transaction, none of a read."""
    for arrival, write in writes.items():
        if write.op not in READS:
            for change in write.changes if isinstance(write, Transaction) else (write,):
                yield arrival, change


def wire(writes: dict[int, Write]) -> dict[int, tuple[str, bytes]]:
    return {arrival: (write.target, write.body) for arrival, write in sorted(writes.items())}


@settings(max_examples=10, deadline=None)  # an example goes through its plan once for each segment
@given(plan=plans, segments=st.integers(min_value=2, max_value=LANES), whole_items=st.booleans())
def test_any_split_writes_the_same(order_pools: Pools, plan: Plan, segments: int, whole_items: bool) -> None:
    together: dict[int, Write] = {}
    for segment in range(segments):
        part = writes_of(
            msgspec.structs.replace(plan, segment=segment, segments=segments), order_pools, whole_items=whole_items
        )
        assert together.keys().isdisjoint(part)
        together |= part
    assert len(together) == plan.before_count + plan.count
    preloaded = [together[arrival] for arrival in range(plan.preload.orders)]
    assert all(write.op == "insert" and write.planned_ns < round(plan.before_s * 1e9) for write in preloaded)
    assert wire(together) == wire(writes_of(plan, order_pools, whole_items=whole_items))


def test_the_moment_of_the_start_shows_in_the_times_alone(order_pools: Pools) -> None:
    # The first orders' phase of the day ends after 8 s.
    offsets_ns = range(7_999_000_000, 8_001_000_000, 100_000)
    items: list[list[dict[str, Any]]] = []
    for epoch_ns in (EPOCH_NS, EPOCH_NS + 345_678):
        orders = Orders(order_pools, Mix(1, 0, 0), Uniform(), table="orders", seed=1, epoch_ns=epoch_ns)
        writes = [orders.write(arrival) for arrival in orders.arrivals(iter(offsets_ns))]
        items.append([msgspec.json.decode(write.body)["Item"] for write in writes])
        assert items[-1][10]["ordered_at"] == items[-1][10]["updated_at"] == {"S": "2026-01-01T00:00:08.000Z"}
        for item in items[-1]:
            del item["ordered_at"], item["updated_at"]
    assert items[0] == items[1]


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_the_mix_is_exact_except_substitutes(order_pools: Pools, plan: Plan) -> None:
    writes = writes_of(plan, order_pools)
    cycle = plan.mix.cycle(plan.seed)
    for arrival, write in writes.items():
        number = arrival - plan.preload.orders
        planned = cycle[number % len(cycle)] if number >= 0 else "insert"
        assert write.op == ("insert" if write.substitute and planned != "transact" else planned)
        assert not (write.substitute and planned in ("insert", *READS))
        if isinstance(write, Transaction):
            assert [change.op for change in write.changes] == ["insert" if write.substitute else "update", "insert"]
            assert write.units == 2 * sum(change.units for change in write.changes)


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_every_write_is_possible_after_those_before_it(order_pools: Pools, plan: Plan) -> None:
    """A model of the table: inserts are of new keys, updates of the existing version, deletes of live items."""
    versions: dict[str, int] = {}
    for _, write in changes_of(writes_of(plan, order_pools)):
        if write.op == "insert":
            assert write.key not in versions
            versions[write.key] = 1
        elif write.op == "update":
            assert write.version == versions[write.key] + 1
            versions[write.key] = write.version
        else:
            assert versions.pop(write.key) == write.version


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_an_order_rests_between_its_writes(order_pools: Pools, plan: Plan) -> None:
    offsets = list(plan.offsets_ns())
    written: defaultdict[str, list[int]] = defaultdict(list)
    for arrival, write in changes_of(writes_of(plan, order_pools)):
        written[write.key].append(offsets[arrival])
    for times in written.values():
        assert all(after - before >= plan.keys.rest_s * 1e9 for before, after in pairwise(times))


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_a_rewritten_order_is_the_order_that_its_updates_lead_to(order_pools: Pools, plan: Plan) -> None:
    """An update as a whole put, as in batches, leaves the item that the update expression would leave."""
    table: dict[str, dict[str, Any]] = {}
    puts = writes_of(plan, order_pools, whole_items=True)
    for arrival, write in changes_of(writes_of(plan, order_pools)):
        parameters = msgspec.json.decode(write.body)
        if write.op == "insert":
            table[write.key] = parameters["Item"]
        elif write.op == "update":
            apply(parameters, table[write.key])
        if write.op == "update" and puts[arrival].op == "update":
            assert msgspec.json.decode(puts[arrival].body)["Item"] == table[write.key]


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_a_put_is_expected_to_take_the_write_units_of_its_item(order_pools: Pools, plan: Plan) -> None:
    for write in writes_of(plan, order_pools, whole_items=True).values():
        if write.target == "PutItem":
            size = item_size(msgspec.json.decode(write.body)["Item"])
            # A status is counted as long as the first one, an id as long as the longest.
            assert write_units(size - 3) <= write.units <= write_units(size + 1)
            if write.op == "insert" and plan.item_bytes:
                assert plan.item_bytes - 129 <= size <= plan.item_bytes - 128


def apply(parameters: dict[str, Any], item: dict[str, Any]) -> None:
    """Carry out "SET #a=:a,#b=:b" on an item."""
    for assignment in parameters["UpdateExpression"].removeprefix("SET ").split(","):
        name, value = assignment.split("=")
        item[parameters["ExpressionAttributeNames"][name]] = parameters["ExpressionAttributeValues"][value]


def test_an_order_s_amounts_agree_to_the_cent(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(1000.0, 1.0), seed=3, mix=Mix(1, 0, 0))
    for write in writes_of(plan, order_pools).values():
        item = msgspec.json.decode(write.body)["Item"]
        amount = {name: Decimal(item[name]["N"]) for name in ("subtotal", "discount", "tax", "shipping_fee", "total")}
        lines = [line["M"] for line in item["line_items"]["L"]]
        assert amount["subtotal"] == sum(
            Decimal(line["unit_price"]["N"]) * int(line["quantity"]["N"]) for line in lines
        )
        assert amount["total"] == amount["subtotal"] - amount["discount"] + amount["tax"] + amount["shipping_fee"]
        assert int(item["item_count"]["N"]) == sum(int(line["quantity"]["N"]) for line in lines)
        assert all(value == value.quantize(Decimal("0.01")) for value in amount.values())


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_reads_are_of_the_orders_that_the_plan_draws(order_pools: Pools, plan: Plan) -> None:
    inserted: set[str] = set()
    for write in writes_of(plan, order_pools).values():
        if write.op == "insert" and not write.substitute:
            inserted.add(write.key)
        if write.op in READS:
            body = msgspec.json.decode(write.body)
            key = body["Key"]["order_id"] if write.op == "get" else body["ExpressionAttributeValues"][":k"]
            assert (body["TableName"], key) == ("orders", {"S": write.key})
            assert body["ConsistentRead"] is True
            assert write.key in inserted or write.key.endswith("-00000000"), "which is before there is one"
            assert write.units == 0


@settings(max_examples=25, deadline=None)
@given(mix=mixes)
def test_a_mix_is_said_as_it_is_read(mix: Mix) -> None:
    said = ",".join(f"{op}={weight}" for op, weight in zip(OPS, mix.weights, strict=True))
    assert Mix.parse(said) == mix
    cycle = mix.cycle(3)
    for op, weight in zip(OPS, mix.weights, strict=True):
        assert cycle.count(op) * sum(mix.weights) == weight * len(cycle)
