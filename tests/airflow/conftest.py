from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.airflow.stage import MARK, Stage, kill_marked, new_mark, open_stage


@pytest.fixture(scope="module")
def mark() -> Iterator[str]:
    """A mark in the environment of everything that the tests start."""
    value = new_mark()
    os.environ[MARK] = value
    yield value
    del os.environ[MARK]
    kill_marked(value)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(mark: str) -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened
