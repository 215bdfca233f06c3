"""Decides when a failed call is sent again and when it has finally failed.

Full jitter: the wait before attempt n is uniform between 0 and min(cap, base · 2ⁿ⁻¹), so that clients that failed
together do not retry together. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

The budget keeps retries from doubling the load on a target that is already in
trouble: every first sending earns a fraction of a retry, up to a reserve.
"""

from __future__ import annotations

import random

from msgspec import Struct


class RetryPolicy(Struct, frozen=True):
    """The number of attempts and the waits between them; `budget` is retries per first sending."""

    max_attempts: int = 8
    base_s: float = 0.025
    cap_s: float = 5.0
    budget: float = 0.2
    reserve: float = 500.0

    def wait_s(self, attempts: int, rng: random.Random) -> float:
        """Return the seconds to wait after this many failed attempts."""
        return rng.uniform(0, min(self.cap_s, self.base_s * 2 ** (attempts - 1)))


class RetryBudget:
    """A token bucket: earned by first sendings, spent by retries."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._rate = policy.budget
        self._reserve = policy.reserve
        self._tokens = policy.reserve
        self._sendings = 0

    def spend(self, sendings: int) -> bool:
        """Take one retry after `sendings` first sendings in all; return False when the budget is empty."""
        earned = self._rate * (sendings - self._sendings)
        self._sendings = sendings
        self._tokens = min(self._reserve, self._tokens + earned)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
