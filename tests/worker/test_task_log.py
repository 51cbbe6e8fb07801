"""The log of an attempt: whole lines, at once, whatever ends the process."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from studio.worker import task_log
from studio.worker.task import LogGrown
from studio.worker.task_log import MAX_TEXT, TaskLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def said(path: Path) -> list[tuple[str, str, str]]:
    return [(record["level"], record["source"], record["text"]) for record in read(path)]


def test_lines_are_records_with_their_source(path: Path) -> None:
    with TaskLog(str(path)):
        print("one")
        print("two\nthree")
        print("wrong", file=sys.stderr)
    assert said(path) == [
        ("INFO", "stdout", "one"),
        ("INFO", "stdout", "two"),
        ("INFO", "stdout", "three"),
        ("WARNING", "stderr", "wrong"),
    ]
    assert abs(read(path)[0]["time"] - time.time()) < 60


def test_who_says_nothing_leaves_no_file(path: Path) -> None:
    with TaskLog(str(path)):
        pass
    assert not path.exists()


def test_pieces_of_a_line_are_joined(path: Path) -> None:
    with TaskLog(str(path)) as log:
        log.write("a")
        print("from elsewhere", file=sys.stderr)
        log.write("b\nc")
        print("d", flush=True, end="")
        print("e", end="")
    assert [text for _, _, text in said(path)] == ["from elsewhere", "ab", "cd", "e"]


def test_a_line_is_there_when_print_returns(path: Path) -> None:
    with TaskLog(str(path)):
        print("now")
        assert said(path) == [("INFO", "stdout", "now")]


def test_long_lines_are_split(path: Path) -> None:
    text = "x" * (2 * MAX_TEXT + 5)
    with TaskLog(str(path)) as log:
        print(text)
        log.record("ERROR", "me", text)
    lengths = [len(record["text"]) for record in read(path)]
    assert lengths == 2 * [MAX_TEXT, MAX_TEXT, 5]


def test_a_line_that_never_ends_needs_no_memory(path: Path) -> None:
    with TaskLog(str(path)) as log:
        for _ in range(300):
            log.write("x" * 1000)
        assert sum(len(record["text"]) for record in read(path)) > 300_000 - MAX_TEXT


def test_a_progress_bar_is_few_records(path: Path) -> None:
    with TaskLog(str(path)):
        for percent in range(101):
            sys.stderr.write(f"\r{percent} %")
            sys.stderr.flush()
        sys.stderr.write("\n")
    assert 2 <= len(read(path)) <= 10
    assert said(path)[-1] == ("WARNING", "stderr", "100 %")


def test_records_keep_level_lines_and_time(path: Path) -> None:
    log = TaskLog(str(path))
    log.record("ERROR", "my.logger", "it failed\nTraceback\n", 12.5)
    log.record("LOUD", "studio", "a level that nobody knows")
    log.end()
    assert read(path)[0] == {
        "time": 12.5,
        "level": "ERROR",
        "source": "my.logger",
        "text": "it failed\nTraceback",
    }
    assert said(path)[1] == ("INFO", "studio", "a level that nobody knows")


def test_any_text_can_be_said(path: Path) -> None:
    text = "\x00\x1b[31mred\x1b[0m \ud800 \u2028 ü 漢 🎈"
    with TaskLog(str(path)):
        print(text)
    assert [json.loads(line)["text"] for line in path.read_bytes().splitlines()] == [
        text.replace("\ud800", "?")
    ]


def test_the_cap_is_told_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_log, "MAX_LOG", 10_000)
    with TaskLog(str(path)) as log:
        for number in range(1000):
            print(number)
        log.record("ERROR", "studio", "too late")
    records = read(path)
    assert path.stat().st_size < 10_500
    assert records[-1]["text"].startswith("The log ends here")
    assert records[-2]["text"] == str(len(records) - 2)  # whole lines up to there


def test_threads_do_not_mix_their_lines(path: Path) -> None:
    with TaskLog(str(path)) as log:

        def speak(name: str) -> None:
            for _ in range(2000):
                log.write(f"{name * 50}\n")

        threads = [threading.Thread(target=speak, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    records = read(path)
    assert len(records) == 8000
    assert {record["text"] for record in records} == {name * 50 for name in "abcd"}


def test_what_ended_is_silent(path: Path) -> None:
    with TaskLog(str(path)) as log:
        out = sys.stdout
        sys.stdout.close()
        print("closed, and heard")
    out.write("too late\n")
    log.record("INFO", "studio", "too late")
    assert said(path) == [("INFO", "stdout", "closed, and heard")]


def test_growth_is_told_at_once_and_then_seldom(path: Path) -> None:
    told: list[int] = []
    with TaskLog(str(path), told.append):
        print("first")
        assert told == [path.stat().st_size]
        begun = time.monotonic()
        for number in range(20_000):
            print(number)
        took = time.monotonic() - begun
    assert len(told) <= 2 + took / task_log.TELL_EVERY


@pytest.mark.parametrize(
    "how", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 15)", "os.abort()"]
)
def test_nothing_is_lost_when_the_process_dies(path: Path, how: str) -> None:
    code = f"""
import os
from studio.worker.task_log import TaskLog
with TaskLog({str(path)!r}):
    for number in range(1000):
        print(number)
    {how}
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode in (3, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGABRT)
    assert [text for _, _, text in said(path)] == [str(number) for number in range(1000)]


def test_a_full_disk_does_not_fail_the_task() -> None:
    if not os.path.exists("/dev/full"):
        pytest.fail("needs /dev/full")
    with TaskLog("/dev/full"):
        print("nobody hears this")


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "other")
    with TaskLog(str(path)):
        print("x")
    assert not (tmp_path / "other").exists()


LOGS = """
import logging, warnings
def f():
    logging.getLogger("quiet").debug("not heard")
    logging.getLogger("my.part").info("so %d", 1)
    logging.warning("root")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("my.part").exception("failed")
    warnings.warn("old")
"""


def test_records_of_logging_have_level_and_logger(call: Any) -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    with pytest.warns(UserWarning):  # pytest takes them; a runner prints them
        ran = call(LOGS)
    found = [(r["level"], r["source"], r["text"].splitlines()[0]) for r in ran.records]
    assert found == [
        ("INFO", "my.part", "so 1"),
        ("WARNING", "root", "root"),
        ("ERROR", "my.part", "failed"),
    ]
    assert ran.records[2]["text"].endswith("ZeroDivisionError: division by zero")
    assert (root.level, root.handlers) == before
    assert [type(event) for event in ran.events] == [LogGrown]


def test_handlers_of_the_task_go_with_it(call: Any) -> None:
    before = logging.getLogger().handlers[:]
    ran = call("""
import logging
def f():
    logging.getLogger().addHandler(logging.StreamHandler())
    logging.error("x")
""")
    assert sorted((r["source"], r["text"]) for r in ran.records) == [("root", "x"), ("stderr", "x")]
    assert logging.getLogger().handlers == before


def test_a_crash_is_an_error_in_the_log(call: Any) -> None:
    ran = call("def f():\n    print('before')\n    1 / 0")
    assert [(r["level"], r["source"]) for r in ran.records] == [("INFO", "stdout"), ("ERROR", "studio")]
    assert ran.records[1]["text"].startswith("Traceback (most recent call last):\n")
