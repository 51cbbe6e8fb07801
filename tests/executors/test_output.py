"""What the processes of a function write by themselves is in its log, whatever becomes of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from studio.core.turn import Launch
from studio.secrets.delivery import Delivered

from .conftest import Pool, launch

SECRET = "canary-9f3a7c"


def logged(pool: Pool, made: Launch) -> list[tuple[str, str]]:
    """(stream, line)"""
    file = pool.settings.artifact_root / made.directory / "log.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [(line["source"], line["text"]) for line in lines]


def worker_logs(home: Path) -> str:
    return "".join(path.read_text() for path in (home / "workers").rglob("*.log"))


async def test_what_a_program_writes_is_in_the_log_of_its_task(pool: Pool) -> None:
    await pool.start()
    assert pool.executor is not None
    made = launch(1, "child_says", words="café", times=20_000)
    pool.executor.launch([made])
    assert (await pool.finished(1)).state == "success"
    lines = logged(pool, made)
    assert lines.count(("stdout", "café")) == 20_000
    assert set(lines) == {("stdout", "café"), ("stderr", "no end")}


async def test_each_of_two_tasks_in_one_process_has_its_own(pool: Pool) -> None:
    await pool.start()
    assert pool.executor is not None
    made = [launch(number, "child_says", words=f"task {number}") for number in range(1, 21)]
    pool.executor.launch(made)
    for each in made:
        await pool.finished(each.attempt_id)
        assert ("stdout", f"task {each.attempt_id}") in logged(pool, each)
        assert len(logged(pool, each)) == 2


async def test_last_words_of_a_crash_are_kept(pool: Pool) -> None:
    await pool.start()
    assert pool.executor is not None
    made = launch(1, "crash")
    pool.executor.launch([made])
    assert (await pool.finished(1)).state == "failed"
    lines = [text for _, text in logged(pool, made)]
    assert "last words" in lines
    assert any(text.startswith("Fatal Python error: Aborted") for text in lines)


async def test_secrets_are_masked_there_too(pool: Pool) -> None:
    await pool.start()
    assert pool.executor is not None
    made = dataclasses.replace(
        launch(1, "child_says", words=f"it is {SECRET}"), secrets=Delivered(hidden=(SECRET,))
    )
    pool.executor.launch([made])
    assert (await pool.finished(1)).state == "success"
    assert ("stdout", "it is ***") in logged(pool, made)
    assert SECRET not in worker_logs(pool.settings.home)
