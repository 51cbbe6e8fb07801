"""Worlds by the number.

`python -m tests.simulation.seeds 17` tells the story of one, `python -m tests.simulation.seeds 0 10000` looks for the
first that breaks (`--all`: for all that do), `--mutant NAME` does so with a bug of `tests.simulation.mutants`.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext

from tests.simulation.mutants import MUTANTS
from tests.simulation.world import World, simulate, told

LAST: int = 80  # lines of a story


def worlds(seeds: Iterable[int]) -> Iterator[World]:
    """Live through the worlds of `seeds`, one after the other."""
    logging.disable(logging.CRITICAL)
    gc.disable()  # a world is a heap of cycles that is thrown away as a whole
    try:
        for n, seed in enumerate(seeds):
            yield simulate(seed)
            if n % 50 == 49:
                gc.collect()
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)


def failing(seeds: Iterable[int], most: int = 3) -> list[tuple[int, str]]:
    """The first `most` of `seeds` in whose world something breaks, and what. Called in other processes."""
    found: list[tuple[int, str]] = []
    for world in worlds(seeds):
        if world.broken is not None:
            found.append((world.seed, f"{type(world.broken).__name__}: {world.broken}"))
            if len(found) == most:
                break
    return found


def caught(mutant: str, seeds: Iterable[int]) -> tuple[int, str] | None:
    """The first of `seeds` that breaks when the bug `mutant` is in the program, and what breaks."""
    with MUTANTS[mutant].at_work():
        return next(iter(failing(seeds, 1)), None)


def trace(seed: int) -> str:
    """A hash of all that happened in the world of a seed."""
    world = next(worlds([seed]))
    return hashlib.sha256("\n".join([*told(world, 10**9), str(world.broken)]).encode()).hexdigest()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.seeds", description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("until", type=int, nargs="?")
    parser.add_argument("--all", action="store_true", help="do not stop at the first that breaks")
    parser.add_argument("--brief", action="store_true", help="no stories")
    parser.add_argument("--trace", action="store_true", help="only the hash of what happened in each")
    parser.add_argument("--mutant", choices=MUTANTS, help="with this bug in the program")
    asked = parser.parse_args(arguments)
    seeds = range(asked.first, asked.first + 1 if asked.until is None else asked.until)
    if asked.trace:
        print("\n".join(f"{seed} {trace(seed)}" for seed in seeds))
        return 0
    begin, broken = time.process_time(), 0
    with MUTANTS[asked.mutant].at_work() if asked.mutant else nullcontext():
        for world in worlds(seeds):
            if world.broken is not None or asked.until is None:
                if not asked.brief:
                    print("\n".join(told(world, 10**9 if asked.until is None else LAST)))
                print(f"seed {world.seed}: {world.broken or 'all is well'}", flush=True)
                broken += world.broken is not None
                if broken and not asked.all:
                    break
    print(f"{len(seeds)} worlds, {broken} broken, {time.process_time() - begin:.1f} s of CPU")
    return broken > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
