"""Processes that live through worlds, one a processor; shared by all tests of the simulation."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest


@pytest.fixture(scope="session")
def processes() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")  # this process may have threads
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)
