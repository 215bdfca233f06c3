"""`make test-native`: its planted faults and its tests exist; a run takes too long for a test."""

from __future__ import annotations

import pytest

from tests.unit.native import sanitizers
from tests.unit.native.sanitizers import PLANTED, ROOT, Fault


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_planted_fault_has_one_place_and_a_sanitizer(fault: Fault) -> None:
    source = (ROOT / fault.part.headers / fault.file).read_text()
    assert source.count(fault.right) == 1
    assert fault.found_by
    compile(fault.statement, fault.name, "exec")


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_what_meets_a_fault_is_harmless_without_it(fault: Fault) -> None:
    if fault.name == "a row is read beyond the record":
        with pytest.raises(ValueError, match="the buffers do not have the sizes"):
            exec(fault.statement, {})
    else:
        exec(fault.statement, {})


def test_every_sanitizer_has_faults_to_find_and_tests_to_run() -> None:
    assert {name for fault in PLANTED for name in fault.found_by} == {"undefined", "address"}
    assert all((ROOT / test).exists() for test in sanitizers.TESTS)
