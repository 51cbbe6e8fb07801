"""The real scheduler in ten thousand random worlds, where everything goes wrong that may.

A world that breaks is lived through again by its number: `python -m tests.simulation.seeds NUMBER`.

The worlds of the first simulation are gone, and with them the numbers of those that had found something: the loss of
an attempt, dropped after errors of the database in a row (the mutant `reports_dropped_after_an_error` is its like), and
an alarm that spun on a remainder smaller than the resolution of its clock, which the clock of these worlds cannot have.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.seeds import failing, trace

SEEDS = 10_000
CHUNK = 100


def test_all_is_well_in_ten_thousand_worlds(processes: ProcessPoolExecutor) -> None:
    chunks = [range(first, first + CHUNK) for first in range(0, SEEDS, CHUNK)]
    found = [one for some in processes.map(failing, chunks) for one in some]
    told = "\n".join(f"python -m tests.simulation.seeds {seed}  # {what}" for seed, what in found)
    assert not found, f"{len(found)} worlds break:\n{told}"


def test_a_seed_is_the_same_world_in_every_process() -> None:
    seeds = (0, 8)
    runs = [
        subprocess.run(
            [sys.executable, "-m", "tests.simulation.seeds", *map(str, seeds), "--trace"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    here = "".join(f"{seed} {trace(seed)}\n" for seed in range(*seeds))
    assert runs == [here, here]
