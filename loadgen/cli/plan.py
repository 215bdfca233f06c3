"""Make the plan of a run from the options."""

from __future__ import annotations

import secrets
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import cast

from loadgen.schedule import profiles
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan, Preload
from loadgen.schedule.profile import AnyProfile, Constant
from loadgen.schedule.trace import recorded

DEFAULT_DURATION_S = 60.0
_BATCH_WAIT_S = 0.01
# A closed loop that ends when its count is reached.
_COUNTED_DURATION_S = 7 * 24 * 3600.0


def plan_of(options: Namespace) -> Plan:
    """Return the plan that the options describe. Raises: ArgumentTypeError: options that exclude each other."""
    given = sum(given is not None for given in (options.rps, options.users, options.trace))
    if given > 1 or (given == 0 and not profiles.is_file(options.profile)):
        raise ArgumentTypeError(
            "give one of --rps, the rate, --users, how many send one operation after the other, and --trace, "
            "what was recorded, or a --profile FILE.toml with rates"
        )
    if options.trace is not None:
        _check_trace(options)
    if options.users is not None:
        _check_closed(options)
    elif options.think > 0:
        raise ArgumentTypeError("--think requires --users: it is each user's wait, and --rps has no users")
    if options.speed is not None and options.trace is None:
        raise ArgumentTypeError("--speed requires --trace: it is how fast a trace is replayed, and --rps is a rate")
    if options.batch_wait is not None and options.batch == 1:
        raise ArgumentTypeError("--batch-wait requires --batch: an item alone does not wait for others")
    seed = secrets.randbits(31) if options.seed is None else cast("int", options.seed)
    profile = _profile(options, seed)
    orders, per_s = options.preload
    if orders and per_s is None and options.rps is None:
        raise ArgumentTypeError(f"--preload takes its rate from --rps: give that, or --preload {orders}@RATE")
    preload = Preload(orders, per_s or options.rps or 1.0)
    goes_on = options.continue_from is not None
    if options.mix.insert == orders == goes_on == 0:
        raise ArgumentTypeError(
            "the mix has no inserts, and updates and deletes need orders: --preload some, or --continue-from a ledger"
        )
    if (orders or goes_on) and options.workload:
        option = "--preload writes" if orders else "--continue-from changes"
        raise ArgumentTypeError(f"{option} orders, and a --workload writes only what its `change` returns")
    fastest = max(*profile.rates(), preload.per_s if orders else 0.0)
    return Plan(
        profile=profile,
        limit=options.count,
        preload=preload,
        # How many they are is known when the table is.
        earlier=int(goes_on),
        warm_up_s=options.warm_up,
        mix=options.mix,
        keys=options.keys,
        item_bytes=options.item_size,
        max_write_units=options.max_write_units,
        seed=seed,
        batch=options.batch,
        batch_wait_s=options.batch_wait or _BATCH_WAIT_S,
        max_in_flight=options.users or options.max_in_flight or min(max(round(fastest), 256), 4096),
        users=options.users or 0,
        think_s=options.think,
    )


def _check_trace(options: Namespace) -> None:
    """Raise ArgumentTypeError for options that do not apply to a trace."""
    given = {
        "--profile": options.profile != "constant",
        "--duration": options.duration is not None,
        "--preload": options.preload[0] > 0,
        "--continue-from": options.continue_from is not None,
        "--warm-up": options.warm_up > 0,
        "--workload": options.workload is not None,
        "--mix": options.mix != Mix(),
        "--cluster": options.cluster is not None,
    }
    for option, is_given in given.items():
        if is_given:
            raise ArgumentTypeError(f"{option} cannot be combined with --trace, which sets what is written and when")


def _check_closed(options: Namespace) -> None:
    """Raise ArgumentTypeError for options that do not apply to a closed loop."""
    given = {
        "--profile": options.profile != "constant",
        "--preload": options.preload[0] > 0,
        "--batch": options.batch > 1,
        "--max-in-flight": options.max_in_flight is not None,
    }
    for option, is_given in given.items():
        if is_given:
            raise ArgumentTypeError(f"{option} requires --rps: each of --users sends one operation at a time")
    for threshold in options.threshold:
        if threshold.metric.startswith("intended_"):
            raise ArgumentTypeError(f"{threshold.expression!r}: with --users intended latency is not defined")


def _profile(options: Namespace, seed: int) -> AnyProfile:
    """Return the profile; with a count and no duration it lasts until the count is reached."""
    duration_s = cast("float | None", options.duration)
    if profiles.is_file(options.profile):
        if duration_s is not None:
            raise ArgumentTypeError(
                f"--duration cannot be combined with {options.profile}, whose phases have their own"
            )
        return profiles.read(Path(options.profile), options.rps)
    count = cast("int | None", options.count)
    if options.trace is not None:
        return recorded(options.trace, options.speed or 1.0)
    if options.users is not None:
        longest_s = DEFAULT_DURATION_S if count is None else _COUNTED_DURATION_S
        return Constant(0.0, duration_s or longest_s)
    if duration_s is not None or count is None:
        return profiles.profile(options.profile, options.rps, duration_s or DEFAULT_DURATION_S, seed)
    return profiles.profile(options.profile, options.rps, profiles.enough_s(options.profile, options.rps, count), seed)
