"""The results that the load generator's benchmarks compute from measurements."""

import pytest

from benchmarks.loadgen.measure import Line, Ratio, best, ratios
from benchmarks.loadgen.processes import Scaled, part
from benchmarks.pacing.paced import Paced


def scaled(acked_per_s: float, cpu_us: float, server_us: float) -> Scaled:
    return Scaled(
        processes=1,
        asked_per_s=acked_per_s,
        acked_per_s=acked_per_s,
        dropped=0,
        cpu_us_per_write=cpu_us,
        coordinator_us_per_write=0.0,
        server_us_per_write=server_us,
        server_share=0.5,
        lag_p99_us=0,
    )


@pytest.mark.parametrize(("cores", "expected"), [(2, 0.375), (4, 0.75), (64, 0.8)])
def test_processes_get_the_rate_that_the_cores_allow_to_all(cores: int, expected: float) -> None:
    assert part(scaled(40_000, cpu_us=25, server_us=15), processes=2, cores=cores) == pytest.approx(expected)


def paced(rate: float, lag_p99_us: int, share: float, sent: int = 100) -> Paced:
    return Paced(
        way="loadgen",
        asked_per_s=rate,
        seconds=1,
        planned=100,
        sent=sent,
        acked=sent,
        lag_p50_us=0,
        lag_p99_us=lag_p99_us,
        lag_max_us=0,
        cpu_share=share,
        preempted=0,
    )


def test_what_pacing_misses_is_named() -> None:
    assert paced(500, 500, 0.10).misses() == []
    assert paced(500, 501, 0.11).misses() == ["p99 > 500 µs", "core > 10%"]
    assert paced(5_000, 9_000, 1.0).misses() == []
    assert paced(20_000, 2_500, 0.5, sent=99).misses() == ["count"]


def test_a_busy_server_is_the_limit_and_an_idle_client_was_disturbed() -> None:
    assert Line("a", tls=False, client_share=0.5, server_share=0.96).server_limited
    assert not Line("a", tls=False, client_share=0.5, server_share=0.96).disturbed
    assert Line("a", tls=False, client_share=0.5, server_share=0.4).disturbed
    assert not Line("a", tls=False, client_share=0.99, server_share=0.4).disturbed


def test_processor_time_is_shared_by_a_batch_s_items() -> None:
    assert Line("a", False, 100.0, 2_500.0, cpu_us_per_request=50.0).cpu_us_per_item == pytest.approx(2.0)


def test_ratios_are_to_the_peers_measured_in_the_same_way() -> None:
    ours = Line("loadgen fast, batches of 25", True, 100.0, 2_500.0, cpu_us_per_request=50.0)
    lines = [
        ours,
        Line("aioboto3 tuned", True, 500.0, 500.0, cpu_us_per_request=1_000.0),
        Line("aioboto3 tuned", False, 900.0, 900.0, cpu_us_per_request=900.0),
        Line("aiodynamo", True, failure="not measured"),
    ]
    assert ratios(ours, lines) == {"aioboto3 tuned": Ratio(5.0, 500.0)}


def test_a_client_s_best_round_counts_and_a_failure_is_not_passed_over() -> None:
    slow, fast = Line("a", True, 80.0, 80.0), Line("a", True, 100.0, 100.0, 7.0)
    assert best([slow, fast]) == fast._replace(slowest=0.8)
    failed = Line("a", True, failure="it broke")
    assert best([fast, failed]) == failed
