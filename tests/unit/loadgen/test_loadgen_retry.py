import random

from loadgen.dynamodb.retry import RetryBudget, RetryPolicy


def test_the_wait_is_anywhere_up_to_a_bound_that_doubles() -> None:
    policy = RetryPolicy(base_s=0.1, cap_s=1.0)
    arrival = random.Random(1)
    for attempts, bound in ((1, 0.1), (2, 0.2), (4, 0.8), (5, 1.0), (50, 1.0)):
        waits = [policy.wait_s(attempts, arrival) for _ in range(500)]
        assert 0 <= min(waits) < bound / 10
        assert bound * 0.9 < max(waits) <= bound


def test_retries_are_a_fraction_of_first_sendings_beyond_the_reserve() -> None:
    budget = RetryBudget(RetryPolicy(budget=0.1, reserve=5))
    assert [budget.spend(0) for _ in range(6)] == [True] * 5 + [False]
    assert not budget.spend(9)
    assert [budget.spend(20) for _ in range(3)] == [True, True, False]


def test_the_reserve_does_not_grow_while_all_is_well() -> None:
    budget = RetryBudget(RetryPolicy(budget=0.1, reserve=5))
    assert sum(budget.spend(1_000_000) for _ in range(10)) == 5
