"""The simulation is tested, too: each bug made on purpose is found in one of the first four thousand worlds."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.seeds import caught

SEEDS = range(4000)

Caught = dict[str, "Future[tuple[int, str] | None]"]


@pytest.fixture(scope="module")
def hunts(processes: ProcessPoolExecutor) -> Caught:
    return {name: processes.submit(caught, name, SEEDS) for name in MUTANTS}


@pytest.mark.parametrize("name", MUTANTS)
def test_bug_is_found(name: str, hunts: Caught) -> None:
    assert hunts[name].result() is not None, f"No world notices this bug: {MUTANTS[name].story}"
